// The devices and fields that a bridge is asked to use. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridloom::bridges {

// Whether `text` matches `pattern`, in which a '*' stands for any characters, or none.
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view text);

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

}  // namespace gridloom::bridges
