// Administration over HTTP: what /api/v1/admin asks of the process that the server runs in.
#pragma once

#include <cstdint>
#include <string>

#include "base/shared_text.h"
#include "hub/platform/reply_to.h"
#include "wire/json.h"

namespace gridloom::api {

// Any thread.
class Administration {
 public:
  struct Request {
    std::string operation;
    wire::JsonObject parameters{};
    std::string who;   // asks, as the audit names it: "admin:panel"
    std::string by;    // by which credential: "token 7"
    std::string from;  // the client's address
  };

  Administration() = default;
  Administration(const Administration&) = delete;
  Administration& operator=(const Administration&) = delete;
  virtual ~Administration() = default;

  // {"operations": [...]}: each with its parameters and their limits.
  [[nodiscard]] virtual SharedText operations() const = 0;
  // Does not block. kBadParams: there is no such operation for HTTP, or a parameter is wrong;
  // kConflict: too many run, or the server starts or stops; otherwise the operation's own errors.
  virtual void run(Request request, hub::ReplyTo<wire::Json> reply) = 0;
};

}  // namespace gridloom::api
