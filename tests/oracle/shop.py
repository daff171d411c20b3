"""What lies beside the campaigns file of a made-up history: stores, rates, and templates that show all."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

STORES = (
    {"id": "mitte", "name": "Mitte", "latitude": 52.52, "longitude": 13.405, "city": "Berlin",
     "url": "https://shop.example/mitte", "billboards": ["alex", "dom"]},
    {"id": "west", "name": "West", "latitude": 52.505, "longitude": 13.33, "address": "Kantstr. 1"},
    {"id": "harbour", "name": "Harbour", "latitude": 40.7, "longitude": -74.0, "billboards": ["pier"]},
)  # fmt: skip
RATES = {
    "base": "EUR",
    "rates": {
        "2023-11-14": {"USD": 1.25, "GBP": 0.8}, "2023-11-16": {"USD": 2},
        "2024-03-30": {"USD": 1.08}, "2024-03-31": {"USD": 1.1},
    },
}  # fmt: skip
_ALL = (
    "{{ campaign }} {{ channel }} {{ variant }} {{ profile.id }} {{ profile.language }} {{ trigger.type }} "
    "{{ trigger.at }}{% if cart %} cart {{ cart.id }} {{ cart.stage }} {{ cart.currency }} {{ cart.value }}{% endif %}"
    "{% for p in products %} product {{ p.product_id }}/{{ p.sku }}/{{ p.name }}/{{ p.url }}/{{ p.price }}{% endfor %}"
    "{% for r in recommendations %} with {{ r.product_id }}/{{ r.name }}/{{ r.url }}{% endfor %}"
    "{% if offer %} offer {{ offer.code }} {{ offer.discount }} {{ offer.expires_at }}{% endif %}"
    "{% if store %} store {{ store.id }} {{ store.city }} {{ store.url }}{% endif %} {{ url }}"
)
TEMPLATES = {
    "all.email.liquid": f"subject: {{{{ trigger.type }}}} <&>\n\n<p>{_ALL}</p>",
    "all.liquid": _ALL,
    "all.sms.liquid": "{{ campaign }} {{ variant }}\n {{ profile.language }} {{ url }}",
    "de/all.email.liquid": "subject: Hallo\n\n{{ profile.language }} {{ campaign }} {{ url }}",
    "about.liquid": "{{ trigger.topic }}{{ trigger.hashtag }}{{ trigger.store_id }}",
    "topic.liquid": "{{ trigger.topic }} {{ url }}",
    "offer.liquid": "{{ offer.code }} until {{ offer.expires_at }} {{ url }}",
    "named.liquid": "{{ profile.first_name }} {{ channel }}",
    "long.liquid": "{% for p in products %}{{ p.url }} {{ p.url }} {% endfor %}{{ profile.id }}",
}


@cache
def _shelf() -> TemporaryDirectory[str]:
    """A folder with the stores, the rates and the templates; it goes when the process ends."""
    shelf = TemporaryDirectory(prefix="winback-oracle-")
    folder = Path(shelf.name)
    (folder / "stores.yaml").write_text(yaml.safe_dump(list(STORES)))
    (folder / "rates.yaml").write_text(yaml.safe_dump(RATES))
    for path, template in TEMPLATES.items():
        place = folder / "templates" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(template)
    return shelf


@cache
def campaigns_file(text: str) -> Path:
    """A campaigns file of this text, beside the stores, the rates and the templates of all of them."""
    file = Path(_shelf().name) / f"{blake2b(text.encode(), digest_size=8).hexdigest()}.yaml"
    file.write_text(text)
    return file
