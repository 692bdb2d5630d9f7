#include "sim/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "base/chance.h"
#include "catalog/element_name.h"

namespace gridloom::sim {
namespace {

using catalog::FieldType;
using wire::Json;

constexpr std::array<double, 13> kPowers_of_ten = {1,   1e1, 1e2, 1e3,  1e4,  1e5, 1e6,
                                                   1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
constexpr std::array<std::int64_t, 6> kWhole_powers_of_ten = {1, 10, 100, 1000, 10'000, 100'000};
constexpr std::int64_t kSix_digits_end = 1'000'000;

// The inverse of a decimal scale is a whole number, but for what the binary fraction lacks.
double inverse_of(double scale) {
  const double inverse = 1 / scale;
  const double whole = std::round(inverse);
  return std::abs(inverse - whole) < 1e-9 * std::abs(whole) ? whole : inverse;
}

// The first four characters are the kind of module, as in the vendor's serial numbers.
// Where an element stands in the JSON text of an array of numbers; of length 0: nowhere.
Fields::Bytes bytes_of_element(std::string_view json, std::int16_t element) {
  std::size_t begin = 1;
  for (std::int16_t k = 0; k < element; ++k) {
    begin = json.find(',', begin);
    if (begin == std::string_view::npos) return {};
    ++begin;
  }
  const std::size_t end = json.find_first_of(",]", begin);
  return end == std::string_view::npos ? Fields::Bytes{}
                                       : Fields::Bytes{.at = begin, .length = end - begin};
}

// The place of a JSON string among a field's values.
std::optional<std::size_t> place_of(std::string_view json, const catalog::Field& field) {
  for (std::size_t k = 0; k < field.values.size(); ++k) {
    const auto* text = field.values[k].value.if_string();
    if (text == nullptr || json.size() != text->size() + 2) continue;
    if (json.substr(1, text->size()) == std::string_view(*text)) return k;
  }
  return std::nullopt;
}

// The number in a value that is kept as JSON text: an element of an array, or the place among the
// field's `values`.
double number_in(std::string_view json, const catalog::Field& field, Slot slot) {
  if (slot.element < 0) {
    if (slot.type != FieldType::kString) return 0;
    return static_cast<double>(place_of(json, field).value_or(0));
  }
  const Fields::Bytes bytes = bytes_of_element(json, slot.element);
  const std::string_view text = json.substr(bytes.at, bytes.length);
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The one of the field's `values` that has this place, or the nearest; null: it has none.
const Json* named(const catalog::Field& field, double place) {
  if (field.values.empty()) return nullptr;
  const auto last = static_cast<double>(field.values.size() - 1);
  return &field.values[static_cast<std::size_t>(std::clamp(std::round(place), 0.0, last))].value;
}

bool has_whole_elements(const catalog::Field& field) {
  return !field.fields.empty() && field.fields.front().type == FieldType::kInt;
}

}  // namespace

FieldTable::FieldTable(catalog::FamilyPtr family) : family_(std::move(family)) {
  for (const auto& [name, field] : family_->slot_names()) {
    const Slot slot = {.index = static_cast<std::uint32_t>(entries_.size()),
                       .type = field->type,
                       .wire_per_unit = inverse_of(field->scale)};
    index_.emplace(name, entries_.size());
    entries_.push_back({.name = name, .field = field, .slot = slot});
  }
  for (const auto& [group, numbers] : family_->virtual_devices.modules) {
    for (const std::string& sn : numbers) modules_.push_back({.group = group, .sn = sn});
  }
}

std::optional<Slot> FieldTable::find(std::string_view name) const {
  const auto found = index_.find(name);
  if (found != index_.end()) return entries_[found->second].slot;
  const auto element = catalog::element_name(name);
  std::optional<Slot> slot = element ? find(element->field) : std::nullopt;
  if (!slot || slot->type != FieldType::kArray) return std::nullopt;
  slot->element = element->element;
  return slot;
}

Fields::Fields(FieldTablePtr table)
    : table_(std::move(table)),
      bits_(table_->entries().size()),
      forms_(table_->entries().size(), kNull),
      changed_(2 * ((table_->entries().size() + 63) / 64)) {
  for (const Entry& entry : table_->entries()) store(entry.slot.index, entry.field->initial);
}

Slot Fields::slot_of(std::string_view name) const {
  const auto found = table_->find(name);
  if (!found) throw std::logic_error(fmt::format("{} has no field {}", table_->family().id, name));
  return *found;
}

bool Fields::has(std::string_view name) const { return table_->find(name).has_value(); }

const Json& Fields::initial(Slot slot) const { return entries()[slot.index].field->initial; }

Json Fields::get(Slot slot) const {
  const std::int64_t bits = bits_[slot.index];
  switch (forms_[slot.index]) {
    case kWhole:
      return bits;
    case kUnsigned:
      return static_cast<std::uint64_t>(bits);
    case kBool:
      return bits != 0;
    case kNull:
      return nullptr;
    case kText: {
      // A value that was accepted once has no limits any more.
      constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
      return wire::parse_json(text_of(slot.index).json, {.bytes = kAny, .keys = kAny}).value();
    }
    default:
      return number(slot);
  }
}

double Fields::number(Slot slot) const {
  const std::int64_t bits = bits_[slot.index];
  const Form form = forms_[slot.index];
  if (form == kWhole || form == kBool) return static_cast<double>(bits);
  if (form <= kMostDecimals) return static_cast<double>(bits) / kPowers_of_ten.at(form);
  if (form == kDouble) return std::bit_cast<double>(bits);
  if (form == kText) {
    return number_in(text_of(slot.index).json, *entries()[slot.index].field, slot);
  }
  return form == kUnsigned ? static_cast<double>(static_cast<std::uint64_t>(bits)) : 0;
}

void Fields::append_value(TextBuffer& out, std::size_t index) const {
  const std::int64_t bits = bits_[index];
  switch (const Form form = forms_[index]) {
    case kWhole:
      return out.append_whole(bits);
    case kText:
      return out.append(text_of(index).json);
    case kBool:
      return out.append(bits != 0 ? "true" : "false");
    case kNull:
      return out.append("null");
    case kDouble:
    case kUnsigned:
      return out.append(wire::to_text(get(entries()[index].slot)));
    default:
      return out.append_decimal(bits, form);
  }
}

void Fields::set(Slot slot, const Json& value) { put(slot.index, value); }

void Fields::set_text(Slot slot, std::string_view text) {
  TextBuffer& json = empty_buffer();
  json.append_quoted(text);
  put_text(slot.index, json.view());
}

void Fields::set_json(Slot slot, std::string_view json) { put_text(slot.index, json); }

void Fields::put(std::size_t index, const Json& value) {
  if (is_pinned(index)) return;
  if (value.is_string() || value.is_structured()) {
    // Objects with their members in another order are the same value.
    const std::string json = wire::to_text(value);
    if (forms_[index] == kText &&
        (text_of(index).json == json || get(entries()[index].slot) == value)) {
      return;
    }
    return put_text(index, json);
  }
  put(index, of_scalar(value));
}

void Fields::put_text(std::size_t index, std::string_view json) {
  if (is_pinned(index) || (forms_[index] == kText && text_of(index).json == json)) return;
  store_text(index, json);
}

void Fields::replace_value(std::size_t index, Value value) {
  if (!is_pinned(index)) store(index, value);
}

Fields::Value Fields::of_scalar(const Json& value) {
  if (const std::uint64_t* number = value.if_uint64()) {
    const Form form = std::in_range<std::int64_t>(*number) ? kWhole : kUnsigned;
    return {.bits = static_cast<std::int64_t>(*number), .form = form};
  }
  if (const std::int64_t* number = value.if_int64()) return {.bits = *number, .form = kWhole};
  if (const double* number = value.if_double()) return of_double(*number);
  if (const bool* flag = value.if_bool()) return {.bits = *flag ? 1 : 0, .form = kBool};
  return {.bits = 0, .form = kNull};
}

void Fields::store(std::size_t index, const Json& value) {
  if (value.is_string() || value.is_structured()) return store_text(index, wire::to_text(value));
  store(index, of_scalar(value));
}

void Fields::store(std::size_t index, Value value) {
  if (forms_[index] == kText) free_texts_.push_back(static_cast<std::size_t>(bits_[index]));
  bits_[index] = value.bits;
  forms_[index] = value.form;
  mark(index);
}

void Fields::store_text(std::size_t index, std::string_view json) {
  if (forms_[index] != kText) {
    if (free_texts_.empty()) {
      free_texts_.push_back(texts_.size());
      texts_.emplace_back();
    }
    bits_[index] = static_cast<std::int64_t>(free_texts_.back());
    forms_[index] = kText;
    free_texts_.pop_back();
  }
  Text& text = texts_[static_cast<std::size_t>(bits_[index])];
  text.json = json;
  text.version = ++versions_;
  mark(index);
}

void Fields::replace(Slot slot, const Bytes& bytes, std::string_view by) {
  std::string& json = texts_[static_cast<std::size_t>(bits_[slot.index])].json;
  if (std::string_view(json).substr(bytes.at, bytes.length) == by) return;
  if (by.size() == bytes.length) {
    std::ranges::copy(by, json.begin() + static_cast<std::ptrdiff_t>(bytes.at));
  } else {
    json.replace(bytes.at, bytes.length, by);
  }
  mark(slot.index);
}

// Six significant digits are the precision of a device's float32. Whole numbers have no decimals.
Fields::Value Fields::significant(double value) {
  const double size = std::abs(value);
  if (size == 0) return {};
  if (size < 1e-7 || size >= 1e6) {
    const double scale = std::pow(10.0, 5 - std::floor(std::log10(size)));
    const double near = std::round(value * scale) / scale;
    if (near == std::trunc(near) && std::abs(near) < 1e15) {
      return {.bits = std::llround(near), .form = kWhole};
    }
    return {.bits = std::bit_cast<std::int64_t>(near), .form = kDouble};
  }
  unsigned decimals = 5;
  if (size >= 1) {
    for (const double end : {1e1, 1e2, 1e3, 1e4, 1e5}) decimals -= size >= end ? 1U : 0U;
  } else {
    for (const double begin : {1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6}) {
      decimals += size < begin ? 1U : 0U;
    }
  }
  std::int64_t digits = rounded(value * kPowers_of_ten.at(decimals));
  if (decimals > 0 && std::abs(digits) == kSix_digits_end) {
    digits /= 10;
    --decimals;
  }
  if (decimals < kWhole_powers_of_ten.size() && digits % kWhole_powers_of_ten.at(decimals) == 0) {
    return {.bits = digits / kWhole_powers_of_ten.at(decimals), .form = kWhole};
  }
  return {.bits = digits, .form = static_cast<Form>(decimals)};
}

// A double that six digits cannot express, and a whole one, stays a double.
Fields::Value Fields::of_double(double value) {
  const Value made = std::isfinite(value) ? significant(value) : Value();
  const bool is_decimal = made.form != kWhole && made.form <= kMostDecimals;
  if (is_decimal && static_cast<double>(made.bits) / kPowers_of_ten.at(made.form) == value) {
    return made;
  }
  return {.bits = std::bit_cast<std::int64_t>(value), .form = kDouble};
}

void Fields::set_other_number(Slot slot, double value) {
  if (!std::isfinite(value)) {
    throw std::logic_error(fmt::format("{}: {} has become {}", table_->family().id,
                                       entries()[slot.index].name, value));
  }
  const catalog::Field& field = *entries()[slot.index].field;
  if (slot.element >= 0) {
    if (text_version(slot) == 0) return;
    const Bytes bytes = bytes_of_element(text(slot), slot.element);
    if (bytes.length == 0) return;
    const Value made = significant(has_whole_elements(field) ? std::round(value) : value);
    TextBuffer& json = empty_buffer();
    if (made.form <= kMostDecimals) {
      json.append_decimal(made.bits, made.form);
    } else {
      json.append(wire::to_text(Json(std::bit_cast<double>(made.bits))));
    }
    return replace(slot, bytes, json.view());
  }
  if (slot.type == FieldType::kString) {
    if (const Json* const text = named(field, value)) put(slot.index, *text);
    return;
  }
  if (slot.type == FieldType::kBool) return set(slot, value != 0);
  if (slot.type == FieldType::kInt) return set(slot, std::llround(value));
  put(slot.index, significant(value));
}

void Fields::set_in_range(Slot slot, double value) {
  constexpr double kMax = 1e15;  // an integer as exact as a double
  const auto& range = entries()[slot.index].field->range;
  const double wire = value * slot.wire_per_unit;
  if (std::isnan(wire)) return set_number(slot, 0);
  set_number(slot, std::clamp(wire, range ? range->low : -kMax, range ? range->high : kMax));
}

void Fields::set_si(Slot slot, std::span<const double> values) {
  TextBuffer& json = empty_buffer();
  char before = '[';
  for (const double value : values) {
    json.append(std::exchange(before, ','));
    json.append_whole(std::llround(value * slot.wire_per_unit));
  }
  json.append(before == '[' ? "[]" : "]");
  put_text(slot.index, json.view());
}

const std::vector<std::string>& Fields::modules(std::string_view group) const {
  static const std::vector<std::string> none;
  const auto& modules = table_->family().virtual_devices.modules;
  const auto found = modules.find(std::string(group));
  return found == modules.end() ? none : found->second;
}

void Fields::assign_serials(std::string_view device_sn) {
  serials_.clear();
  if (table_->family().virtual_devices.modules_of == device_sn) return;
  for (const FieldTable::Module& module : table_->modules()) {
    serials_.push_back(own_serial(device_sn, module.sn));
  }
}

std::string_view Fields::serial(std::size_t module) const {
  return serials_.empty() ? table_->modules()[module].sn : serials_[module];
}

std::string_view Fields::serial(std::string_view in_names) const {
  const auto& modules = table_->modules();
  const auto found = std::ranges::find(modules, in_names, &FieldTable::Module::sn);
  return found == modules.end() ? in_names
                                : serial(static_cast<std::size_t>(found - modules.begin()));
}

std::string Fields::reported_name(Slot slot) const {
  const Entry& entry = entries()[slot.index];
  const std::size_t star = entry.field->name.find('*');
  if (star == std::string::npos) return entry.name;
  const std::size_t length = entry.name.size() - (entry.field->name.size() - 1);
  const std::string_view in_names = std::string_view(entry.name).substr(star, length);
  return std::string(entry.name).replace(star, length, serial(in_names));
}

void Fields::show(std::size_t index, bool shown) {
  if (is_shown(index) == shown) return;
  hidden_.resize(changed_.size() / 2);
  hidden_[index / 64] ^= std::uint64_t{1} << (index % 64);
  if (shown) mark(index);
}

void Fields::clear_changes(ChangeReader reader) {
  const std::span<std::uint64_t> all(changed_);
  const std::size_t words = all.size() / 2;
  std::ranges::fill(reader == ChangeReader::kReports ? all.first(words) : all.last(words), 0);
}

std::string own_serial(std::string_view device_sn, std::string_view kind_sn) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKLMNPQRSTUVWX";
  constexpr std::size_t kKind = 4;
  constexpr std::size_t kLength = 16;
  std::string sn(kind_sn.substr(0, kKind));
  std::uint64_t bits = Chance(0).split(device_sn).split(kind_sn).bits(0);
  for (; sn.size() < kLength; bits >>= 5U) sn += kDigits[bits % kDigits.size()];
  return sn;
}

void apply_initial(Fields& fields, const catalog::Family& family, std::string_view sn) {
  const auto& devices = family.virtual_devices.devices;
  const auto device = std::ranges::find(devices, sn, &catalog::Virtual::Device::sn);
  if (device != devices.end()) apply_initial(fields, device->initial);
}

void apply_initial(Fields& fields, const InitialValues& initial) {
  for (const auto& [name, value] : initial) {
    for (const Fields::Entry& entry : fields.entries()) {
      if (entry.field->name == name) fields.set(entry.name, value);
    }
  }
}

void Fields::reset_to_initial() {
  for (const Entry& entry : entries()) put(entry.slot.index, entry.field->initial);
}

void Fields::pin(std::size_t index, const Json& value) {
  const Json before = get(entries()[index].slot);
  pinned_.try_emplace(index, before);
  if (before != value) store(index, value);
}

void Fields::unpin(std::size_t index) {
  const auto before = pinned_.extract(index);
  if (!before.empty()) put(index, before.mapped());
}

}  // namespace gridloom::sim
