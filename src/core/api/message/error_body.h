// The body of each answer that is an error.
#pragma once

#include <string_view>

#include "api/schema/body.h"

namespace gridloom::api::body {

struct Error {
  std::string_view code;
  std::string_view message;
};
const schema::Body& describe(schema::Of<Error> /*of*/);

}  // namespace gridloom::api::body
