// Sets with an id and what became of them as texts: of the calls (hub/platform/requests.h) between
// the server that an account asks and the one that has the device.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "home/set_book.h"
#include "hub/platform/requests.h"
#include "wire/json.h"

namespace gridloom::home {

struct SetCall {
  // The numbers are those of the text.
  enum class Kind : std::uint8_t { kSend = 1, kGet = 2, kList = 3 };
  Kind kind{};
  SetId id;                    // kList: of any id
  wire::JsonObject message{};  // kSend
  hub::RequestOrigin origin{};
  Millis wait{};  // kGet
};
// Without the account, which the call has.
[[nodiscard]] std::string text_of(const SetCall& call);
// kMalformed: it is not the text of a call.
[[nodiscard]] Result<SetCall> set_call_in(AccountId account, std::string_view text);

// Likewise.
[[nodiscard]] std::string text_of(std::span<const SetRecord> records);
[[nodiscard]] Result<std::vector<SetRecord>> set_records_in(AccountId account,
                                                            std::string_view text);

}  // namespace gridloom::home
