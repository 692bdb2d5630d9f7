#include "catalog/natures.h"

#include <algorithm>
#include <optional>

#include "catalog/keys.h"
#include "catalog/words.h"
#include "wire/json.h"

namespace gridloom::catalog {
namespace {

constexpr std::string_view kCharge = "soc";
constexpr std::string_view kChargeNature = "battery.soc";
constexpr std::string_view kGrid = "grid.power";
constexpr std::string_view kGridImport = "grid.import_power";

}  // namespace

std::string_view nature_of_word(std::string_view word) {
  if (word == kCharge) return kChargeNature;
  const auto* const found = std::ranges::find(kNatures, word, &Nature::name);
  return found == kNatures.end() ? std::string_view() : found->name;
}

std::vector<const Field*> fields_of_word(const Family& family, std::string_view word) {
  std::vector<const Field*> found;
  const std::string_view nature = nature_of_word(word);
  if (nature.empty()) return found;
  for (const Field& field : family.fields) {
    if (field.nature == nature) found.push_back(&field);
  }
  return found.empty() && nature == kGrid ? fields_of_word(family, kGridImport) : found;
}

const Field* member_with_nature(const Field& field) {
  if (field.type != FieldType::kArray || field.fields.empty()) return nullptr;
  const std::vector<Field>& members = field.fields.front().fields;
  const auto found =
      std::ranges::find_if(members, [](const Field& each) { return !each.nature.empty(); });
  return found == members.end() ? nullptr : &*found;
}

std::optional<double> sum_over(std::string_view array, std::string_view member) {
  const auto value = wire::parse_json(array);
  return value ? sum_over(*value, member) : std::nullopt;
}

std::optional<double> sum_over(const Json& array, std::string_view member) {
  const wire::JsonArray* const elements = array.if_array();
  if (elements == nullptr) return std::nullopt;
  double sum = 0;
  for (const Json& element : *elements) {
    const wire::JsonObject* const object = element.if_object();
    const Json* const number = object == nullptr ? nullptr : object->if_contains(member);
    if (number == nullptr || !number->is_number()) return std::nullopt;
    sum += number->to_number<double>();
  }
  return sum;
}

const Field* meter_field(const Family& family) {
  const auto field = std::ranges::find(family.fields, kMeterNature, &Field::nature);
  return field == family.fields.end() ? nullptr : &*field;
}

std::string nature_text(const Field& field) {
  return field.part ? field.nature + " (part)" : field.nature;
}

std::string error_text(const Field& field) {
  std::vector<std::string> good;
  good.reserve(field.ok.size());
  for (const Json& value : field.ok) good.push_back(wire::to_text(value));
  return "any other value than " + join(good, "or");
}

std::vector<std::string_view> nature_words(const Family& family) {
  std::vector<std::string_view> words;
  if (!fields_of_word(family, kCharge).empty()) words.push_back(kCharge);
  for (const Nature& nature : kNatures) {
    if (!fields_of_word(family, nature.name).empty()) words.push_back(nature.name);
  }
  return words;
}

}  // namespace gridloom::catalog
