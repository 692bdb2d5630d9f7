// The fields of virtual devices: names, types and scales are a table that all devices of a family
// share (FieldTable), and each device has its values (Fields).
//
// A name is looked up once, which makes a Slot. Through it, numbers are read and written in the
// unit of the device file (V, A, W, Wh, degrees Celsius, minutes); the file's `scale` alone makes
// the number on the wire. A text of a field with `values` counts as its place among these, from 0,
// and "loadInfo.hall1Watt[3]" is a number of its own: the fourth element of an array.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/string_map.h"
#include "catalog/family.h"
#include "sim/text_buffer.h"
#include "wire/json.h"

namespace gridloom::sim {

// A field that was looked up: valid for the Fields of every device of its family.
struct Slot {
  std::uint32_t index = 0;
  catalog::FieldType type = catalog::FieldType::kAny;
  std::int16_t element = -1;  // of an array of numbers: the one that is meant; -1: all of it
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
  StringMap<std::size_t> index_;
};
using FieldTablePtr = std::shared_ptr<const FieldTable>;

// The readers of changes: the reports, and the signals that are computed from other fields.
enum class ChangeReader : std::uint8_t { kReports, kSignals };

// The forms of a field's value.
struct ValueForms {
  // The meaning of a number of 64 bits. A form up to kMostDecimals is a whole number divided by
  // that power of ten; it is not whole, and has six digits at most.
  using Form = std::uint8_t;
  static constexpr Form kWhole = 0;
  static constexpr Form kMostDecimals = 12;
  static constexpr Form kDouble = 13;  // any other number: the bits of a double
  static constexpr Form kUnsigned = 14;
  static constexpr Form kBool = 15;
  static constexpr Form kNull = 16;
  static constexpr Form kText = 17;  // an index into texts_
};

// The fields of one device, in wire units. Numbers are columns: a number of 64 bits and its form.
// Texts, arrays and objects are kept as JSON text. Records which fields changed, for the delta
// reports.
class Fields : private ValueForms {
 public:
  // Every field of the family with its initial value (or the zero of its type).
  explicit Fields(FieldTablePtr table);

  // The value as JSON, made anew by each call.
  [[nodiscard]] wire::Json get(Slot slot) const;
  [[nodiscard]] const wire::Json& initial(Slot slot) const;  // from the family's file
  void set(Slot slot, const wire::Json& value);
  void set(Slot slot, std::integral auto value) {
    const bool is_bool = std::is_same_v<decltype(value), bool>;
    put(slot.index, {.bits = static_cast<std::int64_t>(value), .form = is_bool ? kBool : kWhole});
  }
  void set_text(Slot slot, std::string_view text);  // a string
  // The value as JSON text, compact as wire::to_text() writes it.
  void set_json(Slot slot, std::string_view json);
  // Appends the value as JSON text.
  void append_value(TextBuffer& out, std::size_t index) const;

  [[nodiscard]] bool has_number(Slot slot) const { return forms_[slot.index] <= kBool; }
  // In wire units; bools count as 0 and 1, texts by their place among the field's `values`, and
  // other values that are no numbers as 0.
  [[nodiscard]] double number(Slot slot) const;
  // Converts to the field's type: an int field takes the rounded number, a float field six
  // significant digits, a string field the nearest of its `values`. Throws logic_error if `value`
  // is not finite.
  void set_number(Slot slot, double value) {
    if (slot.type != catalog::FieldType::kInt || !(std::abs(value) < kMaxWhole)) {
      return set_other_number(slot, value);
    }
    put(slot.index, {.bits = rounded(value), .form = kWhole});
  }

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
  [[nodiscard]] wire::Json get(std::string_view name) const { return get(slot_of(name)); }
  [[nodiscard]] double number(std::string_view name) const { return number(slot_of(name)); }
  void set(std::string_view name, const wire::Json& value) { set(slot_of(name), value); }

  // The serial numbers that replace '*' in a group. They are parts of names here, the same in all
  // devices.
  [[nodiscard]] const std::vector<std::string>& modules(std::string_view group) const;
  // Sets the serial numbers that this device reports instead of those, because no two devices share
  // a module. They are derived from the device's own serial number, except for the device that the
  // family's file gives its modules to (catalog::Virtual::modules_of). Until this is called, every
  // device has those of the file.
  void assign_serials(std::string_view device_sn);
  [[nodiscard]] std::string_view serial(std::size_t module) const;  // by FieldTable::modules()
  [[nodiscard]] std::string_view serial(std::string_view in_names) const;
  // The name by which this device reports a field: with the serial number of its own module.
  [[nodiscard]] std::string reported_name(Slot slot) const;

  using Entry = FieldTable::Entry;
  [[nodiscard]] const std::vector<Entry>& entries() const { return table_->entries(); }
  [[nodiscard]] const catalog::Family& family() const { return table_->family(); }

  // The fields that changed since clear_changes() of the same reader, one bit each: that of a
  // Slot::index is bit index % 64 of word index / 64.
  [[nodiscard]] std::span<const std::uint64_t> changes(
      ChangeReader reader = ChangeReader::kReports) const {
    const std::span<const std::uint64_t> all(changed_);
    const std::size_t words = all.size() / 2;
    return reader == ChangeReader::kReports ? all.first(words) : all.last(words);
  }
  [[nodiscard]] bool changed(std::size_t index) const {
    return ((changed_[index / 64] >> (index % 64)) & 1U) != 0;
  }
  void clear_changes(ChangeReader reader = ChangeReader::kReports);
  void reset_to_initial();  // every field; marks those that change

  // A field that is not shown is in no report, as one of a battery that is not there. It is marked
  // as changed when it is shown again. At first, every field is shown.
  void show(std::size_t index, bool shown);
  [[nodiscard]] bool is_shown(std::size_t index) const {
    return hidden_.empty() || (hidden_[index / 64] >> (index % 64) & 1U) == 0;
  }
  // One bit each, as changes(); empty: every field is shown.
  [[nodiscard]] std::span<const std::uint64_t> hidden() const { return hidden_; }

  // A pinned field keeps its value, whatever is set, until unpin() restores the value it had before
  // it was pinned.
  void pin(std::size_t index, const wire::Json& value);
  void unpin(std::size_t index);

  // The version of a JSON text, which grows when another text replaces it as a whole; 0 while the
  // field is pinned or has no text.
  [[nodiscard]] std::uint32_t text_version(Slot slot) const {
    if (forms_[slot.index] != kText || is_pinned(slot.index)) return 0;
    return text_of(slot.index).version;
  }
  // Requires that text_version() is not 0.
  [[nodiscard]] std::string_view text(Slot slot) const { return text_of(slot.index).json; }
  // Replaces `length` bytes at `at` of a field's JSON text, which must be JSON afterwards; the
  // version stays. Requires that text_version() is not 0.
  struct Bytes {
    std::size_t at = 0;
    std::size_t length = 0;
  };
  void replace(Slot slot, const Bytes& bytes, std::string_view by);

 private:
  struct Value {
    std::int64_t bits = 0;
    Form form = kWhole;
  };
  struct Text {
    std::string json;
    std::uint32_t version = 0;
  };
  static constexpr double kMaxWhole = 0x1p62;

  // Half away from zero, as llround(). Requires that the size of `value` is below kMaxWhole.
  [[nodiscard]] static std::int64_t rounded(double value) {
    const auto whole = static_cast<std::int64_t>(value);
    const double rest = value - static_cast<double>(whole);
    return whole + static_cast<int>(rest >= 0.5) - static_cast<int>(rest <= -0.5);
  }
  [[nodiscard]] static Value significant(double value);
  [[nodiscard]] static Value of_double(double value);
  // Requires that the value is no string, array or object.
  [[nodiscard]] static Value of_scalar(const wire::Json& value);
  void set_other_number(Slot slot, double value);

  [[nodiscard]] Slot slot_of(std::string_view name) const;
  [[nodiscard]] bool is_pinned(std::size_t index) const {
    return !pinned_.empty() && pinned_.contains(index);
  }
  [[nodiscard]] const Text& text_of(std::size_t index) const {
    return texts_[static_cast<std::size_t>(bits_[index])];
  }
  void mark(std::size_t index) {
    const std::uint64_t bit = std::uint64_t{1} << (index % 64);
    changed_[index / 64] |= bit;
    changed_[changed_.size() / 2 + index / 64] |= bit;
  }
  void put(std::size_t index, Value value) {
    if (bits_[index] != value.bits || forms_[index] != value.form) replace_value(index, value);
  }
  void put(std::size_t index, const wire::Json& value);
  void put_text(std::size_t index, std::string_view json);
  // These do not ask whether the field is pinned, nor whether the value is another one.
  void store(std::size_t index, const wire::Json& value);
  void store(std::size_t index, Value value);
  void store_text(std::size_t index, std::string_view json);
  void replace_value(std::size_t index, Value value);

  FieldTablePtr table_;
  // By Slot::index.
  std::vector<std::int64_t> bits_;
  std::vector<Form> forms_;
  std::vector<std::uint64_t> changed_;  // one half for each ChangeReader
  std::vector<std::uint64_t> hidden_;   // empty until a field is hidden
  std::vector<Text> texts_;
  std::vector<std::size_t> free_texts_;       // indexes into texts_ that no field has
  std::uint32_t versions_ = 0;                // the last version of a text
  std::map<std::size_t, wire::Json> pinned_;  // by index: the value before pin()
  std::vector<std::string> serials_;          // by module; empty: those of the table
};

// The serial number of a part of a device that has none by itself: it begins as that of the part's
// kind, and follows from both.
[[nodiscard]] std::string own_serial(std::string_view device_sn, std::string_view kind_sn);

// Values at the start, by Field::name.
using InitialValues = std::vector<std::pair<std::string, wire::Json>>;
void apply_initial(Fields& fields, const InitialValues& initial);
// Those that the family's file gives this device (catalog::Virtual::Device::initial).
void apply_initial(Fields& fields, const catalog::Family& family, std::string_view sn);

}  // namespace gridloom::sim
