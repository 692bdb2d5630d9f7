// The types of described bodies in TypeScript, in the layout that the page's linter asks for.
//
// Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/schema/body.h"

namespace gridloom::api::schema {

// A type that is one of several bodies.
struct Union {
  std::string_view name;
  std::span<const BodyOf> bodies;
};

// An interface of each body, and what they refer to, each once; then the unions.
[[nodiscard]] std::string typescript(std::span<const BodyOf> bodies, std::span<const Union> unions);

}  // namespace gridloom::api::schema
