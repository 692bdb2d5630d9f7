// The fields of virtual devices: names, types and scales are a table that all devices of a family
// share (FieldTable), and each device has its values (Fields).
//
// A name is looked up once, which makes a Slot. Through it, numbers are read and written in the
// unit of the device file (V, A, W, Wh, degrees Celsius, minutes); the file's `scale` alone makes
// the number on the wire.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::sim {

// A field that was looked up: valid for the Fields of every device of its family.
struct Slot {
  std::uint32_t index = 0;
  catalog::FieldType type = catalog::FieldType::kAny;
  // Number on the wire per unit, 1000 for a scale of 0.001. The inverse of the scale, because only
  // that is a whole number, and an exact one.
  double wire_per_unit = 1;
};

// The field names that all virtual devices of a family share: '*' is replaced by the modules'
// serial numbers. Immutable: for any thread.
class FieldTable {
 public:
  explicit FieldTable(catalog::FamilyPtr family);

  struct Entry {
    std::string name;
    const catalog::Field* field = nullptr;
    Slot slot;
  };
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }  // by Slot::index
  [[nodiscard]] std::optional<Slot> find(std::string_view name) const;
  [[nodiscard]] const catalog::Family& family() const { return *family_; }

  // The modules of each group, with the serial numbers that replace '*' in the entries' names.
  struct Module {
    std::string group;
    std::string sn;
  };
  static constexpr std::size_t kNoModule = SIZE_MAX;
  [[nodiscard]] const std::vector<Module>& modules() const { return modules_; }

 private:
  catalog::FamilyPtr family_;
  std::vector<Entry> entries_;
  std::vector<Module> modules_;
  catalog::NameIndex index_;
};
using FieldTablePtr = std::shared_ptr<const FieldTable>;

// The fields of one device, as JSON values in wire units. Records which fields changed, for the
// delta reports.
class Fields {
 public:
  // Every field of the family with its initial value (or the zero of its type).
  explicit Fields(FieldTablePtr table);

  [[nodiscard]] const wire::Json& get(Slot slot) const { return entries_[slot.index].value; }
  [[nodiscard]] const wire::Json& initial(Slot slot) const;  // from the family's file
  void set(Slot slot, wire::Json value);

  // In wire units; bools count as 0 and 1, other values that are no numbers as 0.
  [[nodiscard]] double number(Slot slot) const;
  // Converts to the field's type: an int field takes the rounded number, a float field six
  // significant digits. Throws logic_error if `value` is not finite.
  void set_number(Slot slot, double value);

  // The value in the unit of the device file.
  [[nodiscard]] double si(Slot slot) const { return number(slot) / slot.wire_per_unit; }
  [[nodiscard]] std::int64_t integer(Slot slot) const {  // truncated
    return static_cast<std::int64_t>(si(slot));
  }
  [[nodiscard]] bool on(Slot slot) const { return number(slot) != 0; }
  void set_si(Slot slot, double value) { set_number(slot, value * slot.wire_per_unit); }
  void set_si(Slot slot, std::integral auto value) { set_si(slot, static_cast<double>(value)); }
  void set_si(Slot slot, std::span<const double> values);  // an array of whole numbers on the wire
  // The same, or the nearest value that is in the field's range; 0 for a value that is no number.
  void set_in_range(Slot slot, double value);
  void add_si(Slot slot, double delta) { set_si(slot, si(slot) + delta); }

  // By quota name, for names that come from outside: commands, scenarios. All but has() throw
  // logic_error if there is no such field.
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] const wire::Json& get(std::string_view name) const { return get(slot_of(name)); }
  [[nodiscard]] double number(std::string_view name) const { return number(slot_of(name)); }
  void set(std::string_view name, wire::Json value);

  // The serial numbers that replace '*' in a group. They are parts of names here, the same in all
  // devices.
  [[nodiscard]] const std::vector<std::string>& modules(std::string_view group) const;
  // Sets the serial numbers that this device reports instead of those, because no two devices share
  // a module. They are derived from the device's own serial number, except for the family's first
  // virtual device, which keeps the modules that its file names. Until this is called, every device
  // has those of the file.
  void assign_serials(std::string_view device_sn);
  [[nodiscard]] std::string_view serial(std::size_t module) const;  // by FieldTable::modules()
  [[nodiscard]] std::string_view serial(std::string_view in_names) const;

  struct Entry {
    std::string_view name;  // points into the table
    const catalog::Field* field = nullptr;
    wire::Json value;
  };
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }  // by Slot::index
  [[nodiscard]] bool changed(std::size_t index) const { return changed_[index] != 0; }
  void clear_changes();
  void reset_to_initial();  // every field; marks those that change

  // A pinned field keeps its value, whatever is set, until unpin() restores the value it had before
  // it was pinned.
  void pin(std::size_t index, wire::Json value);
  void unpin(std::size_t index);

 private:
  [[nodiscard]] Slot slot_of(std::string_view name) const;
  void put(std::size_t index, wire::Json value);

  FieldTablePtr table_;
  std::vector<Entry> entries_;
  std::vector<std::uint8_t> changed_;         // by index; not in Entry, as all are scanned
  std::vector<double> numbers_;               // by index: the last argument of set_number(), or NaN
  std::map<std::size_t, wire::Json> pinned_;  // by index: the value before pin()
  std::vector<std::string> serials_;          // by module; empty: those of the table
};

// Sets the values that the family's file gives this device at the start
// (catalog::Virtual::Device::initial).
void apply_initial(Fields& fields, const catalog::Family& family, std::string_view sn);

}  // namespace gridloom::sim
