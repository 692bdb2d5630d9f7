#include "api/message/error_body.h"

namespace gridloom::api::body {

using schema::member;

const schema::Body& describe(schema::Of<Error> /*of*/) {
  static constexpr std::array kMembers = {
      member<&Error::code>("code", {.text = "As bad_params, no_permission or offline"}),
      member<&Error::message>("message", {.text = "For people"}),
  };
  static constexpr schema::Body kBody{
      .name = "Error",
      .members = kMembers,
      .example = R"({"code":"bad_params",)"
                 R"("message":"period is dy: must be day, week, month or year"})"};
  return kBody;
}

}  // namespace gridloom::api::body
