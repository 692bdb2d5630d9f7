// A name that is made of a device's and a field's, as "gridloom/{sn}/{field}": the topic of a
// message, the name of a measurement. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gridloom::bridges {

struct NamedText {
  std::string_view name;
  std::string_view text;
};

class NameTemplate {
 public:
  // kBadParams: a brace has no partner, or a name between braces is not one of `names`; the message
  // begins with `setting`.
  [[nodiscard]] static Result<NameTemplate> parse(std::string_view setting, std::string_view text,
                                                  std::span<const std::string_view> names);

  [[nodiscard]] bool has(std::string_view name) const;
  // The text with a value in each place. A place without a value stays empty.
  [[nodiscard]] std::string fill(std::span<const NamedText> values) const;

 private:
  struct Part {
    std::string text;        // before the place
    std::string place = {};  // empty: there is none
  };
  std::vector<Part> parts_;
};

}  // namespace gridloom::bridges
