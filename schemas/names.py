"""Canonical names of the events the pipeline acts on, and the groups that rules speak of."""

from __future__ import annotations

from typing import Final

PRODUCTS_SEARCHED: Final = "Products Searched"
PRODUCT_LIST_VIEWED: Final = "Product List Viewed"
PRODUCT_LIST_FILTERED: Final = "Product List Filtered"
PRODUCT_VIEWED: Final = "Product Viewed"
PRODUCT_CLICKED: Final = "Product Clicked"
PRODUCT_ADDED: Final = "Product Added"
PRODUCT_REMOVED: Final = "Product Removed"
PRODUCT_ADDED_TO_WISHLIST: Final = "Product Added to Wishlist"
PRODUCT_PRICE_CHANGED: Final = "Product Price Changed"
PRODUCT_RESTOCKED: Final = "Product Restocked"
CART_VIEWED: Final = "Cart Viewed"
CHECKOUT_STARTED: Final = "Checkout Started"
CHECKOUT_STEP_VIEWED: Final = "Checkout Step Viewed"
CHECKOUT_STEP_COMPLETED: Final = "Checkout Step Completed"
PAYMENT_INFO_ENTERED: Final = "Payment Info Entered"
ORDER_COMPLETED: Final = "Order Completed"
ORDER_UPDATED: Final = "Order Updated"
ORDER_CANCELLED: Final = "Order Cancelled"
ORDER_REFUNDED: Final = "Order Refunded"
COUPON_ENTERED: Final = "Coupon Entered"
COUPON_APPLIED: Final = "Coupon Applied"
COUPON_DENIED: Final = "Coupon Denied"
COUPON_REMOVED: Final = "Coupon Removed"
EMAIL_DELIVERED: Final = "Email Delivered"
EMAIL_OPENED: Final = "Email Opened"
EMAIL_LINK_CLICKED: Final = "Email Link Clicked"
EMAIL_BOUNCED: Final = "Email Bounced"
EMAIL_MARKED_AS_SPAM: Final = "Email Marked as Spam"
UNSUBSCRIBED: Final = "Unsubscribed"
SMS_DELIVERED: Final = "SMS Delivered"
SMS_FAILED: Final = "SMS Failed"
SMS_LINK_CLICKED: Final = "SMS Link Clicked"
PUSH_NOTIFICATION_RECEIVED: Final = "Push Notification Received"
PUSH_NOTIFICATION_TAPPED: Final = "Push Notification Tapped"
PUSH_NOTIFICATION_BOUNCED: Final = "Push Notification Bounced"
AD_IMPRESSION: Final = "Ad Impression"
AD_CLICKED: Final = "Ad Clicked"
AD_SPEND_RECORDED: Final = "Ad Spend Recorded"
POST_VIEWED: Final = "Post Viewed"
POST_LIKED: Final = "Post Liked"
POST_SHARED: Final = "Post Shared"
POST_COMMENTED: Final = "Post Commented"
HASHTAG_USED: Final = "Hashtag Used"
STORE_VISITED: Final = "Store Visited"
SPOT_AIRED: Final = "Spot Aired"
SUBSCRIPTION_CHANGED: Final = "Subscription Changed"

ACTIVITY_CHANNELS: Final = frozenset({"web", "app", "store", "marketplace", "messenger"})
"""Channels on which a customer is present; the others carry what is said to them."""
ACTIVITY_TYPES: Final = frozenset({"page", "screen"})
"""Types that are activity whatever their name is."""
ACTIVITY_EVENTS: Final = frozenset({
    PRODUCTS_SEARCHED, PRODUCT_LIST_VIEWED, PRODUCT_LIST_FILTERED, PRODUCT_VIEWED, PRODUCT_CLICKED, PRODUCT_ADDED,
    PRODUCT_REMOVED, PRODUCT_ADDED_TO_WISHLIST, CART_VIEWED, CHECKOUT_STARTED, CHECKOUT_STEP_VIEWED,
    CHECKOUT_STEP_COMPLETED, PAYMENT_INFO_ENTERED, COUPON_ENTERED, COUPON_APPLIED, COUPON_DENIED, COUPON_REMOVED,
})  # fmt: skip
"""Names of track events that are activity on those channels."""
VIEW_EVENTS: Final = frozenset({
    PRODUCTS_SEARCHED, PRODUCT_LIST_VIEWED, PRODUCT_LIST_FILTERED, PRODUCT_VIEWED, PRODUCT_CLICKED, CART_VIEWED,
})  # fmt: skip
"""Activity that fetching a page may be: by a machine it is none."""
CART_EVENTS: Final = frozenset({PRODUCT_ADDED, PRODUCT_REMOVED, CART_VIEWED, CHECKOUT_STARTED})
"""The only events that change the lines of a cart."""
ORDER_EVENTS: Final = frozenset({ORDER_COMPLETED, ORDER_UPDATED, ORDER_CANCELLED, ORDER_REFUNDED})
"""Events of an order: without any other identifier they are a customer of their own under their order_id."""
REFERRING_EVENTS: Final = ORDER_EVENTS | CART_EVENTS | frozenset({
    CHECKOUT_STEP_VIEWED, CHECKOUT_STEP_COMPLETED, PAYMENT_INFO_ENTERED, COUPON_ENTERED, COUPON_APPLIED, COUPON_DENIED,
    COUPON_REMOVED,
})  # fmt: skip
"""Events of a purchase: their `order_id`, `checkout_id` and `cart_id` name it."""
COUPON_EVENTS: Final = frozenset({COUPON_ENTERED, COUPON_APPLIED, COUPON_DENIED, COUPON_REMOVED})
CATALOG_EVENTS: Final = frozenset({PRODUCT_PRICE_CHANGED, PRODUCT_RESTOCKED})
"""Events of a product, not of a customer."""
EMAIL_EVENTS: Final = frozenset({
    EMAIL_DELIVERED, EMAIL_OPENED, EMAIL_LINK_CLICKED, EMAIL_BOUNCED, EMAIL_MARKED_AS_SPAM, UNSUBSCRIBED,
})  # fmt: skip
SMS_EVENTS: Final = frozenset({SMS_DELIVERED, SMS_FAILED, SMS_LINK_CLICKED})
PUSH_EVENTS: Final = frozenset({PUSH_NOTIFICATION_RECEIVED, PUSH_NOTIFICATION_TAPPED, PUSH_NOTIFICATION_BOUNCED})
FEEDBACK_EVENTS: Final = EMAIL_EVENTS | SMS_EVENTS | PUSH_EVENTS
"""What became of a message: names `message_id` or `campaign_id` in its properties."""
AD_EVENTS: Final = frozenset({AD_IMPRESSION, AD_CLICKED, AD_SPEND_RECORDED})
SOCIAL_EVENTS: Final = frozenset({POST_VIEWED, POST_LIKED, POST_SHARED, POST_COMMENTED, HASHTAG_USED})
HASHTAG_EVENTS: Final = frozenset({HASHTAG_USED, POST_SHARED, POST_COMMENTED})
"""Events by which somebody uses the hashtags in their properties."""
CONSENT_EVENTS: Final = frozenset({SUBSCRIPTION_CHANGED, UNSUBSCRIBED, EMAIL_MARKED_AS_SPAM})
"""Events that give or withdraw consent to a channel."""
EVENTS: Final = (
    ACTIVITY_EVENTS | ORDER_EVENTS | CATALOG_EVENTS | FEEDBACK_EVENTS | AD_EVENTS | SOCIAL_EVENTS | CONSENT_EVENTS
    | frozenset({STORE_VISITED, SPOT_AIRED})
)  # fmt: skip
"""Every event name with a meaning here."""
