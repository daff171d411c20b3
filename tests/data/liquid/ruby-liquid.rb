# Writes anew what Ruby Liquid gives for each template of ruby-liquid.json:
#   ruby ruby-liquid.rb < ruby-liquid.json > new.json
# Rows are [template, text]; null for a template that Ruby refuses, or that stops with an error.
require "json"
require "liquid"
require "time"
ENV["TZ"] = "UTC"
given = JSON.parse($stdin.read)
rows = given["rows"].map do |text, _|
  [text, Liquid::Template.parse(text, error_mode: :strict).render!(Marshal.load(Marshal.dump(given["scope"])))]
rescue StandardError, Liquid::Error
  [text, nil]
end
puts "{\"made_by\": #{JSON.generate("ruby #{RUBY_VERSION}, liquid #{Liquid::VERSION}")},"
puts "\"scope\": #{JSON.generate(given["scope"])},", "\"rows\": [", rows.map { |row| JSON.generate(row) }.join(",\n"), "]}"
