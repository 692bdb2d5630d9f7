// Patterns in the settings of bridges: which devices and fields one uses, and the names that it
// makes of theirs. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace gridloom::bridges {

// Whether `text` matches `pattern`, in which a '*' stands for any characters, or none.
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view text);

// The devices and fields that a bridge is asked to use.
class Selection {
 public:
  // Devices by serial number or name, fields by patterns. An empty list selects all.
  Selection(std::vector<std::string> devices, std::vector<std::string> fields)
      : devices_(std::move(devices)), fields_(std::move(fields)) {}

  [[nodiscard]] bool has_device(std::string_view sn, std::string_view name) const;
  [[nodiscard]] bool has_field(std::string_view quota) const;

 private:
  std::vector<std::string> devices_;
  std::vector<std::string> fields_;
};

struct NamedText {
  std::string_view name;
  std::string_view text;
};

// A name that is made of a device's and a field's, as "gridloom/{sn}/{field}": the topic of a
// message, the name of a measurement.
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
