// The routes of /api/v1/devices/{sn}/commands: sends a command under an id of the client's, or one
// that is made, and says what became of it. The routes are in the table of own_api/v1/own_api.h,
// which has checked the token's scope. One per loop.
#pragma once

#include <string>
#include <string_view>

#include "api/message/answer_form.h"
#include "base/ids.h"
#include "base/loop.h"
#include "base/result.h"
#include "home/set_book.h"
#include "home/set_tracker.h"
#include "http/message.h"
#include "hub/hub.h"
#include "hub/platform/requests.h"
#include "registry/directory.h"
#include "wire/json.h"

#include "own_api/services/services.h"

namespace gridloom::api {

class CommandApi {
 public:
  CommandApi(const Services& services, Loop& loop) : services_(services), loop_(loop) {}

  struct Call {
    AccountId account{};
    std::string sn;
    std::string id{};           // of the command; for POST, Idempotency-Key: empty, one is made
    wire::JsonObject params{};  // of the query
    AnswerForm form;
    Callback<http::Response> done;
  };
  // POST: answers with the device's reply, and with the address of the command's status.
  void send(Call call, wire::JsonObject message, hub::RequestOrigin origin) const;
  // GET of the list, and of one.
  void list(Call call) const;
  void status(Call call) const;

 private:
  // kNoPermission, or kNotFound if there are no commands at all.
  [[nodiscard]] Status check(const Call& call, registry::Rights rights) const;
  [[nodiscard]] http::Response response(const AnswerForm& form,
                                        const home::SetRecord& record) const;

  const Services& services_;
  Loop& loop_;  // answers are delivered on it
};

}  // namespace gridloom::api
