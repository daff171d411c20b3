"""SQLAlchemy with clickhouse-connect's dialect: views, many rows, parameters, what there is, and an error."""

import sys

import sqlalchemy

engine = sqlalchemy.create_engine(f"clickhousedb://{sys.argv[1]}/winback")
with engine.connect() as connection:
    view = connection.execute(sqlalchemy.text("SELECT channel, events, open_rate FROM v_channel_daily")).one()
    rows = connection.execute(sqlalchemy.text("SELECT number, toString(number) FROM numbers(300000)"))
    many = sum(number + len(text) for number, text in rows)
    text = "it's\ta \\ test" * 1000
    length = connection.execute(sqlalchemy.text("SELECT length(:t)"), {"t": text}).scalar_one()
    try:
        connection.execute(sqlalchemy.text("SELECT nope FROM events"))
        told = ""
    except sqlalchemy.exc.DatabaseError as error:
        told = str(error)
    reflected = sqlalchemy.inspect(engine)
    columns = [column["name"] for column in reflected.get_columns("v_channel_daily")]
    found = (tuple(view), many, length, "channel" in columns, "Code: 47" in told)
    sys.stdout.write(" ".join(map(str, found)) + "\n")
