// The sections of a device file, each read into its part of a Family. Room-private.
//
// They run in an order of their own, not the file's: fields and virtual modules first, so that
// commands and reports can be checked against them where their lines are at hand.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/entry.h"
#include "catalog/family.h"

namespace gridloom::catalog {

// fields, then what names them: aliases, as_text; and virtual.
void read_fields(const Entry& file, Family& family);
// commands, with their effects and replies; fills Field::written_by.
void read_commands(const Entry& file, Family& family);
// messages, reports, history, quirks.
void read_messages(const Entry& file, Family& family);
// faults of virtual devices.
void read_faults(const Entry& file, Family& family);

constexpr std::array kFieldTypes = {FieldType::kInt,  FieldType::kFloat, FieldType::kString,
                                    FieldType::kBool, FieldType::kArray, FieldType::kObject,
                                    FieldType::kAny};
void read_type(const Entry& entry, FieldType& to);

// The fields and values that a mapping under the key names.
[[nodiscard]] std::vector<std::pair<std::string, Json>> read_values(const Entry& entry,
                                                                    std::string_view key,
                                                                    const Family& family);

// Whether the name is a field's, or a group of fields: `bbcin` where there is `bbcin.*.vol`.
[[nodiscard]] bool is_field(const Family& family, std::string_view name);
[[nodiscard]] bool is_group(const Family& family, std::string_view name);

// What "$..." may stand for in a template, beside what always may.
struct TemplateScope {
  const Family& family;
  const Command* command = nullptr;  // its params
  bool request = false;              // there is a request: $id, $request.x
};
void check_template(const JsonObject& value, const Entry& entry, std::string_view key,
                    const TemplateScope& scope);

// A param by its dotted name; `known` without a param: a member of an object that declares none.
struct ParamPath {
  bool known = false;
  const Param* param = nullptr;
};
[[nodiscard]] ParamPath find_param(const std::vector<Param>& params, std::string_view dotted);

}  // namespace gridloom::catalog
