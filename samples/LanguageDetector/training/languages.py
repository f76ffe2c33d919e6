"""The languages, in label order, and the locale folders that hold their texts."""

# ISO 639-1 code -> locale names used by the text packages. The order is the order of the model's logits.
LANGUAGES = {
    "ca": ["ca"],
    "cs": ["cs"],
    "da": ["da"],
    "de": ["de"],
    "el": ["el"],
    "en": ["C"],
    "es": ["es"],
    "fi": ["fi"],
    "fr": ["fr"],
    "hu": ["hu"],
    "id": ["id"],
    "it": ["it"],
    "ja": ["ja"],
    "ko": ["ko"],
    "lv": ["lv"],
    "nl": ["nl"],
    "pl": ["pl"],
    "pt": ["pt", "pt_BR"],
    "ru": ["ru"],
    "sl": ["sl"],
    "sr": ["sr"],
    "sv": ["sv"],
    "uk": ["uk"],
    "vi": ["vi"],
    "zh": ["zh_CN", "zh_TW"],
}

CODES = list(LANGUAGES)
