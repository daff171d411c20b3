"""What the made-up world consists of: regions, names, hours of the day, stores, campaigns, browsers. Data alone."""

from __future__ import annotations

from typing import Final, NamedTuple


class Region(NamedTuple):
    """Where a customer lives. `phone` is the start of a mobile number, `digits` how many follow it."""

    country: str
    currency: str
    locale: str
    phone: str
    digits: int
    zones: tuple[str, ...]


class Store(NamedTuple):
    """One of the shop's own stores, with its place in degrees."""

    store_id: str
    city: str
    country: str
    latitude: float
    longitude: float


class Utm(NamedTuple):
    """What brought a visitor: utm source, medium and campaign, and the referring page."""

    source: str
    medium: str
    campaign: str
    referrer: str


REGIONS: Final = (
    Region("US", "USD", "en-US", "+12122", 6, ("America/New_York", "America/Chicago", "America/Los_Angeles")),
    Region("DE", "EUR", "de-DE", "+491512", 7, ("Europe/Berlin",)),
    Region("GB", "GBP", "en-GB", "+447712", 6, ("Europe/London",)),
    Region("FR", "EUR", "fr-FR", "+33612", 6, ("Europe/Paris",)),
    Region("BR", "BRL", "pt-BR", "+551191", 7, ("America/Sao_Paulo",)),
    Region("JP", "JPY", "ja-JP", "+819012", 6, ("Asia/Tokyo",)),
    Region("AU", "AUD", "en-AU", "+61412", 6, ("Australia/Sydney",)),
    Region("IN", "INR", "en-IN", "+919812", 6, ("Asia/Kolkata",)),
)
REGION_WEIGHTS: Final = (30, 22, 15, 10, 8, 5, 5, 5)

HOURS: Final = (1, 1, 0.5, 0.3, 0.3, 0.5, 2, 4, 5, 5, 5, 5, 7, 6, 5, 5, 6, 7, 8, 10, 12, 11, 7, 3)
"""How much of a customer's shopping falls into each hour of the local day."""

FIRST_NAMES: Final = (
    "Ana", "Ben", "Chloé", "Deniz", "Emil", "Fatima", "Georg", "Hana", "Inês", "Jonas", "Kofi", "Lea", "Mia", "Noah",
    "Olga", "Priya", "Quinn", "Rosa", "Sören", "Tomás", "Uma", "Vera", "Wim", "Xin", "Yuki", "Zoë",
)  # fmt: skip
LAST_NAMES: Final = (
    "Müller", "Smith", "García", "Dupont", "Silva", "Tanaka", "Novak", "Okafor", "Jansen", "Rossi", "Kaya", "Larsen",
    "Singh", "O'Brien", "Weiß", "Costa", "Moreau", "Kim", "Haddad", "Lindqvist",
)  # fmt: skip

STORES: Final = (
    Store("S-NYC", "New York", "US", 40.7128, -74.006), Store("S-CHI", "Chicago", "US", 41.8781, -87.6298),
    Store("S-LAX", "Los Angeles", "US", 34.0522, -118.2437), Store("S-BER", "Berlin", "DE", 52.52, 13.405),
    Store("S-CGN", "Köln", "DE", 50.9375, 6.9603), Store("S-LON", "London", "GB", 51.5074, -0.1278),
    Store("S-PAR", "Paris", "FR", 48.8566, 2.3522), Store("S-SAO", "São Paulo", "BR", -23.5505, -46.6333),
    Store("S-TYO", "東京", "JP", 35.6762, 139.6503), Store("S-SYD", "Sydney", "AU", -33.8688, 151.2093),
    Store("S-BLR", "Bengaluru", "IN", 12.9716, 77.5946),
)  # fmt: skip
STORES_OF: Final = {r.country: tuple(s for s in STORES if s.country == r.country) for r in REGIONS}

DIRECT: Final = Utm("", "", "", "")
UTMS: Final = (
    Utm("google", "cpc", "brand", "https://www.google.com/"),
    Utm("google", "organic", "", "https://www.google.com/"),
    Utm("bing", "cpc", "generic", "https://www.bing.com/"),
    Utm("facebook", "paid_social", "prospecting", "https://l.facebook.com/"),
    Utm("instagram", "social", "creators", "https://l.instagram.com/"),
    Utm("partner-blog", "referral", "", "https://blog.example.org/best-gifts"),
)
NEWSLETTER: Final = Utm("newsletter", "email", "weekly", "")
TEXT_MESSAGE: Final = Utm("sms", "sms", "flash", "")

SEARCHES: Final = (
    "lamp", "wool socks", "gift for dad", "coffee grinder", "board game", "yoga mat", "kids rain jacket", "notebook",
    "headphones", "plant pot", "red dress", "trail shoes", "sale", "größe 42", "мяч", "日本茶",
)  # fmt: skip
COUPONS: Final = ("WELCOME10", "FREESHIP", "WINTER15")
BROWSERS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18 Safari/605.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36",
)
TABLET: Final = "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/604.1"
PHONES: Final = (
    ("ios", "Apple", "iPhone16,1", "18.1"), ("android", "Google", "Pixel 8", "14"),
    ("android", "samsung", "SM-S921B", "14"),
)  # fmt: skip
HASHTAGS: Final = ("cozyhome", "trailready", "gamenight", "slowmorning", "kidsplay", "giftguide", "greenliving")
TOPICS: Final = ("coffee", "good sleep", "trail running", "game night", "small gardens")
"""What the shop's magazine writes about."""
MAIL_PROXY: Final = "Mozilla/5.0"
"""The whole user agent of a mail service that opens every mail it takes in, whoever reads it."""
SITE: Final = "https://shop.example"
