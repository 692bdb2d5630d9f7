// Readers for the sections of a device file; each fills its part of a Family. Private to catalog.
//
// The sections are read in a fixed order, not in the file's order: fields and virtual modules come
// first, so that commands and reports can be checked against them while their lines are known.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/entry.h"
#include "catalog/family.h"

namespace gridloom::catalog {

// A key with names of circuits: one bit each, by kHomeCircuits.
[[nodiscard]] std::uint32_t read_circuits(const Entry& entry, std::string_view key = "circuits");

// Reads fields, then the sections that refer to them (aliases, as_text), and virtual.
void read_fields(const Entry& file, Family& family);
// Reads virtual devices and the modules that they have.
void read_virtual(const Entry& file, Family& family);
// Reads commands with their effects and replies; fills Field::written_by.
void read_commands(const Entry& file, Family& family);
// After the commands.
void read_battery_modes(const Entry& file, Family& family);
// Reads messages, reports, history and quirks.
void read_messages(const Entry& file, Family& family);
// Reads the Modbus registers, and the commands that are there over Modbus alone.
void read_modbus(const Entry& file, Family& family);
[[nodiscard]] Param read_param(const std::string& name, const Entry& entry);
// Reads the faults of virtual devices.
void read_faults(const Entry& file, Family& family);
// A field's name, or a formula of fields with numbers; nullopt, with a mistake at `key`, if it is
// none.
[[nodiscard]] std::optional<Formula> read_formula(const Entry& entry, std::string_view key,
                                                  const Family& family);
// The start value of a field without `initial`: `absent`, or else the type's zero.
[[nodiscard]] Json usual_initial(const Field& field);
// Reads the signal of a field.
void read_signal(const Entry& entry, Field& field);
// Checks the signals against the other fields, and puts them in order. Called after
// read_commands(), because a field that a command sets cannot move by itself.
void check_signals(const Entry& file, Family& family);
// Reads the parts of physics.
void read_physics(const Entry& file, Family& family);

constexpr std::array kFieldTypes = {FieldType::kInt,  FieldType::kFloat, FieldType::kString,
                                    FieldType::kBool, FieldType::kArray, FieldType::kObject,
                                    FieldType::kAny};
void read_type(const Entry& entry, FieldType& to);
// Reads the number that stands for "never" in a time of this unit.
void read_never(const Entry& entry, std::string_view unit, std::optional<double>& to);

// Reads the mapping under `key` as pairs of a field's name and a value.
[[nodiscard]] std::vector<std::pair<std::string, Json>> read_values(const Entry& entry,
                                                                    std::string_view key,
                                                                    const Family& family);

// The field that the file declares by this name, with its '*'; nullptr if there is none.
[[nodiscard]] const Field* find_field(const Family& family, std::string_view name);
// The field whose number a formula means by this name: that field, or the array that the name is an
// element of ("loadInfo.hall1Watt[3]"); nullptr if there is none. Whether it has numbers is another
// question (formula_problem()).
[[nodiscard]] const Field* find_number(const Family& family, std::string_view name);
// The reason that keeps the name from being a number in a formula; empty: nothing does. A text
// counts as its place among the field's `values`.
[[nodiscard]] std::string formula_problem(const Family& family, std::string_view name);
// Whether the name is a field, or a group of fields: `bbcin` is a group if `bbcin.*.vol` exists.
[[nodiscard]] bool is_field(const Family& family, std::string_view name);
[[nodiscard]] bool is_group(const Family& family, std::string_view name);

// The additional "$..." references that a message may have, besides those that are always allowed.
struct ReferenceScope {
  const Family& family;
  const Command* command = nullptr;  // allows references to its params
  bool request = false;              // there is a request: allows $id and $request.x
  bool set = false;                  // a client fills it in: $message_id, $sn and $module:GROUP
};
void check_references(const JsonObject& value, const Entry& entry, std::string_view key,
                      const ReferenceScope& scope);

// The result of a lookup by dotted name. `known` with a null `param`: a member of an object whose
// members are not declared.
struct ParamPath {
  bool known = false;
  const Param* param = nullptr;
};
[[nodiscard]] ParamPath find_param(const std::vector<Param>& params, std::string_view dotted);

}  // namespace gridloom::catalog
