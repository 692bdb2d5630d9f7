// Checks that topics are spelled in one place, src/core/wire/topics.h: any other code of the
// program asks that file for a topic, and for the parts of one.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tidy/rules.h"

namespace gridloom::tidy {
namespace {

constexpr std::array<std::string_view, 2> kSpaces = {"/device/", "/open/"};

}  // namespace

void check_topics(const Tree& tree, Report& report) {
  for (const Source& file : tree.files()) {
    if (!file.is_cpp() || !file.under("src/") || file.is_test()) continue;
    if (file.under("src/core/wire/topics.")) continue;
    for (const Literal& literal : file.literals()) {
      const bool is_topic = std::ranges::any_of(
          kSpaces, [&](std::string_view space) { return literal.content.starts_with(space); });
      if (!is_topic) continue;
      report.at(file, literal.offset, fmt::format("the topic '{}' in C++", literal.content),
                "make and read topics with wire/topics.h");
    }
  }
}

}  // namespace gridloom::tidy
