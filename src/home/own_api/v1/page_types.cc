#include "own_api/v1/page_types.h"

#include <array>
#include <string_view>

#include "api/schema/typescript.h"
#include "own_api/bodies/live.h"
#include "own_api/v1/open_api.h"

namespace gridloom::api {
namespace {

constexpr std::string_view kOpening =
    "// Bodies of /api/v1 and messages of the live stream, as src/home/own_api/bodies describes "
    "them.\n"
    "// Made by a program: `build/dev/tools/gl_api_types > web/api/types.ts`.\n";

}  // namespace

std::string page_types() {
  static constexpr std::array kUnions = {
      schema::Union{.name = "ServerMessage", .bodies = body::kServerMessages},
      schema::Union{.name = "ClientMessage", .bodies = body::kClientMessages},
  };
  return std::string(kOpening) + schema::typescript(own_bodies(), kUnions);
}

}  // namespace gridloom::api
