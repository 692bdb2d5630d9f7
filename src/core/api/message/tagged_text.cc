#include "api/message/tagged_text.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "base/digest.h"
#include "http/head.h"

namespace gridloom::api {
namespace {

constexpr std::size_t kTagDigits = 16;

}  // namespace

TaggedText tagged(SharedText json) {
  std::string tag = fmt::format("W/\"{:.{}}\"", sha256_of(json), kTagDigits);
  return {.json = std::move(json), .tag = std::move(tag)};
}

void add_tag(http::Response& response, const TaggedText& text, std::string_view if_none_match,
             std::string_view cache_control) {
  response.headers.emplace_back("ETag", text.tag);
  response.headers.emplace_back("Cache-Control", cache_control);
  if (!http::names_tag(if_none_match, text.tag)) return;
  response.status = 304;
  response.body.clear();
  response.data = {};
  response.data_at = 0;
}

}  // namespace gridloom::api
