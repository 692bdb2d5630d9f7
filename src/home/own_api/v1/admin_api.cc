#include "own_api/v1/admin_api.h"

#include <string_view>
#include <utility>

namespace gridloom::api {
namespace {

constexpr std::string_view kNone = "this server is not administered over HTTP";

}  // namespace

void AdminApi::list(const AnswerForm& form, Callback<http::Response> done) const {
  if (options_.administration == nullptr) return done(form.refusal(404, kNone));
  done(form.success_shared(options_.administration->operations()));
}

void AdminApi::run(Administration::Request request, const AnswerForm& form,
                   Callback<http::Response> done) const {
  if (options_.administration == nullptr) return done(form.refusal(404, kNone));
  options_.administration->run(
      std::move(request),
      {.loop = options_.loop,
       .done = [form, done = std::move(done)](Result<wire::Json> answer) mutable {
         done(answer ? form.success(wire::to_text(*answer)) : form.failure(answer.error()));
       }});
}

}  // namespace gridloom::api
