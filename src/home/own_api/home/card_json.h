// A home as the token of a card sees it, which stands in the source of another site's page:
// no more than the card shows. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "registry/directory.h"

namespace gridloom::api {

// A card shows one device, or the picture of the home without a word of its devices.
struct Card {
  std::string device{};  // its serial number; empty: the home's picture
};

// Nothing: the caller has no token, or one with another scope.
[[nodiscard]] std::optional<Card> card_of(const registry::Token* token);

// The members of the home that the card shows, without "now"; the others are there and empty. A
// device that the account may not read any more is left out. `home` is the whole object, as
// home::HomeFeed::Home has it.
[[nodiscard]] std::string card_members(std::string_view home, const Card& card);
// The same as an object.
[[nodiscard]] std::string card_text(std::string_view members, std::int64_t now_ms);

}  // namespace gridloom::api
