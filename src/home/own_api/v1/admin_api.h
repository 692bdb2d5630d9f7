// The routes of /api/v1/admin, for tokens of administrators: which operations there are, and one of
// them. The routes are in the table of own_api/v1/own_api.h, which has checked the token's scope.
// One per loop.
#pragma once

#include <string>

#include "api/message/answer_form.h"
#include "base/loop.h"
#include "http/message.h"
#include "own_api/services/services.h"
#include "wire/json.h"

namespace gridloom::api {

class AdminApi {
 public:
  struct Options {
    Loop* loop = nullptr;                      // answers are delivered on it
    Administration* administration = nullptr;  // null: the server is not administered over HTTP
  };
  explicit AdminApi(const Options& options) : options_(options) {}

  // GET /api/v1/admin/operations
  void list(const AnswerForm& form, Callback<http::Response> done) const;
  // POST /api/v1/admin/{operation}, with the parameters as the body.
  void run(Administration::Request request, const AnswerForm& form,
           Callback<http::Response> done) const;

 private:
  Options options_;
};

}  // namespace gridloom::api
