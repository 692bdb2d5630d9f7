// Asks the server that has a device for its sets with an id (home/set_tracker.h): the calls and
// their answers as texts, and who sends them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/per_key_limit.h"
#include "base/result.h"
#include "home/set_book.h"
#include "hub/hub.h"
#include "hub/platform/pending_replies.h"
#include "hub/platform/requests.h"
#include "wire/json.h"

namespace gridloom::home {

// One of the calls (hub/platform/requests.h) between the server that an account asks and the one
// that has the device.
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

// Thread rule: any thread; answers are given on the loops that they are for.
class RemoteSets {
 public:
  // The name by which hub::Calls finds it.
  static constexpr std::string_view kService = "sets";

  // The hub outlives this object, and this object the answers.
  explicit RemoteSets(hub::Hub& hub) : hub_(hub) {}

  // Whether that server is this one.
  [[nodiscard]] bool is_here(const SetId& id) const {
    return hub_.calls().is_here(partition_of(id.sn));
  }
  void send(const SetCall& call, hub::ReplyTo<SetRecord> reply_to) {
    ask_one(call, std::move(reply_to));
  }
  void get(const SetId& id, hub::ReplyTo<SetRecord> reply_to) {
    ask_one({.kind = SetCall::Kind::kGet, .id = id}, std::move(reply_to));
  }
  // Waits so long for the state to be final.
  void get(const SetId& id, Millis wait, PerKeyLimit::Permit permit,
           hub::ReplyTo<SetRecord> reply_to);
  void list(SetId id, hub::ReplyTo<std::vector<SetRecord>> reply_to) {
    ask({.kind = SetCall::Kind::kList, .id = std::move(id)}, std::move(reply_to));
  }

 private:
  void ask(const SetCall& call, hub::ReplyTo<std::vector<SetRecord>> reply_to);
  void ask_one(const SetCall& call, hub::ReplyTo<SetRecord> reply_to);

  hub::Hub& hub_;
};

}  // namespace gridloom::home
