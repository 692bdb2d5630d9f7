// A text that is the same for everybody as long as the server runs: a client that has it need not
// get it again. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/shared_text.h"
#include "http/message.h"

namespace gridloom::api {

struct TaggedText {
  SharedText json;
  // For ETag. Weak: the forms of the text in several codings share it (RFC 9110, 8.8.1).
  std::string tag;
};
[[nodiscard]] TaggedText tagged(SharedText json);

// Makes `response`, which has the text, the answer to a request with this If-None-Match.
void add_tag(http::Response& response, const TaggedText& text, std::string_view if_none_match,
             std::string_view cache_control);

}  // namespace gridloom::api
