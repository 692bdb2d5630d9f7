#include "recordings/family_guess.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "recordings/guessed_reports.h"
#include "recordings/guessed_sets.h"
#include "recordings/recorded_traffic.h"

namespace gridloom::recordings {

using catalog::FieldType;
using wire::Json;

void SeenValues::add(const Json& value) {
  ++count;
  last = value;
  kinds.insert(value.is_number() && !value.is_double() ? std::string("whole")
                                                       : std::string(wire::kind_name(value)));
  if (value.is_number()) {
    const auto number = value.to_number<double>();
    low = std::min(low.value_or(number), number);
    high = std::max(high.value_or(number), number);
  }
  if (value.is_structured()) return;
  std::string text = wire::to_text(value);
  if (texts.contains(text)) return;
  if (texts.size() < kMost) {
    texts.insert(std::move(text));
  } else {
    more = true;
  }
}

FieldType SeenValues::type() const {
  if (kinds == std::set<std::string>{"whole"}) return FieldType::kInt;
  if (low && std::ranges::all_of(kinds, [](const std::string& kind) {
        return kind == "whole" || kind == wire::kind_name(Json(0.5));
      })) {
    return FieldType::kFloat;
  }
  if (kinds.size() != 1) return FieldType::kAny;
  if (last.is_string()) return FieldType::kString;
  if (last.is_bool()) return FieldType::kBool;
  if (last.is_array()) return FieldType::kArray;
  return last.is_object() ? FieldType::kObject : FieldType::kAny;
}

namespace {

constexpr std::size_t kFewest = 2;  // fields of a kind that have fractions

// The last word of a name: "pwr" of "hs_addr.outUsb2Pwr", "vol" of "outAcL11Vol".
std::string kind_word(std::string_view name) {
  while (!name.empty() && std::isdigit(static_cast<unsigned char>(name.back())) != 0) {
    name.remove_suffix(1);
  }
  std::string word;
  while (!name.empty() && std::isalpha(static_cast<unsigned char>(name.back())) != 0) {
    const auto c = static_cast<unsigned char>(name.back());
    word.insert(word.begin(), static_cast<char>(std::tolower(c)));
    name.remove_suffix(1);
    if (std::isupper(c) != 0) break;
  }
  return word;
}

// "pack.#.watts" of "pack.1.watts": fields of the same kind of thing.
std::string unnumbered(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    if (!digit) {
      out += c;
    } else if (!out.ends_with('#')) {
      out += '#';
    }
  }
  return out;
}

// "tempCurr" of "sectorA.tempCurr".
std::string_view last_segment(std::string_view name) { return name.substr(name.rfind('.') + 1); }

// Devices send a measured 230.0 as 230. So a field that was whole all the time has fractions if
// those of its kind have: those whose names end alike, in the same report, or one that is named
// alike in another group of it. Settings are what they are.
void find_fractions(GuessedFamily& family) {
  struct Kind {
    std::size_t fractions = 0;
    std::size_t whole = 0;  // with many values, all of them whole
  };
  struct Place {
    std::string report;
    std::string kind;   // and the last word of its name
    std::string alike;  // and the last segment
  };
  std::map<std::string, Place> places;  // by field
  for (const GuessedReport& report : family.reports) {
    for (const std::string& name : report.fields) {
      places[name] = {.report = report.name,
                      .kind = report.name + ' ' + kind_word(name),
                      .alike = report.name + ' ' + std::string(last_segment(name))};
    }
  }
  std::set<std::string> settings;
  for (const GuessedCommand& command : family.commands) {
    for (const GuessedParam& param : command.params) {
      settings.insert(param.sets.begin(), param.sets.end());
      settings.insert(param.maybe.begin(), param.maybe.end());
    }
  }
  std::map<std::string, Kind> kinds;
  std::set<std::string> fractional;  // "pack.#.watts", for the other packs
  std::set<std::string> alike;       // Place::alike of fields that have fractions
  std::set<std::string> reports;     // that have such fields
  for (const GuessedField& field : family.fields) {
    const Place& place = places[field.name];
    Kind& kind = kinds[place.kind];
    if (field.values.type() == FieldType::kFloat) {
      ++kind.fractions;
      fractional.insert(unnumbered(field.name));
      alike.insert(place.alike);
      reports.insert(place.report);
    }
    if (field.values.type() == FieldType::kInt && field.values.more) ++kind.whole;
  }
  for (GuessedField& field : family.fields) {
    if (field.values.type() != FieldType::kInt || settings.contains(field.name)) continue;
    const Place& place = places[field.name];
    const Kind& kind = kinds[place.kind];
    const bool is_full = field.values.texts == std::set<std::string>{"100"};
    field.only_end = field.values.texts == std::set<std::string>{"0"} ||
                     (is_full && reports.contains(place.report));
    field.fractions =
        fractional.contains(unnumbered(field.name)) ||
        (!field.values.more && alike.contains(place.alike)) ||
        (field.only_end ? kind.fractions > kind.whole
                        : kind.fractions >= kFewest && kind.fractions >= 2 * kind.whole);
  }
}

}  // namespace

Result<GuessedFamily> guess_family(const transcripts::Script& script) {
  GL_TRY(auto traffic, traffic_in(script));
  GuessedFamily family;
  family.sn = traffic.sns.front();
  family.prefixes.push_back(family.sn.substr(0, 4));
  family.nested_answers = traffic.nested_answers;
  family.has_names = !traffic.known.empty();
  const GuessedReports reports(traffic);
  if (reports.empty()) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{}: no device reports anything in it", script.file));
  }
  reports.write(family);
  write_guessed_sets(traffic, reports, family);
  find_fractions(family);
  return family;
}

}  // namespace gridloom::recordings
