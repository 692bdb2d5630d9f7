// Platform faults that were injected on purpose, applied to requests: late, missing, wrong and
// refused answers. There is one object per loop.
#pragma once

#include <string_view>
#include <vector>

#include "api/message/answer_form.h"
#include "base/clock.h"
#include "base/loop.h"
#include "http/message.h"
#include "hub/platform/platform.h"
#include "registry/directory.h"

namespace gridloom::api {

class PlatformFaults {
 public:
  // The platform outlives the object, and the object the responses that it delays.
  explicit PlatformFaults(const hub::Platform& platform) : platform_(platform) {}

  // Applies the faults to the request about `sn`, which may be empty, perhaps by putting another
  // callback in the place of `done`. False: the request was answered.
  [[nodiscard]] bool apply(const http::Request& request, registry::AccountId account,
                           std::string_view sn, const AnswerForm& form,
                           Callback<http::Response>& done);
  // To be called a few times a second: sends the responses that are due.
  void tick();

 private:
  struct Late {
    TimePoint due;
    http::Response response;
    Callback<http::Response> done;
  };

  const hub::Platform& platform_;
  std::vector<Late> late_;
};

}  // namespace gridloom::api
