#include "transcripts/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

#include "base/nearest.h"
#include "catalog/family.h"
#include "catalog/natures.h"
#include "transcripts/schema_checker.h"
#include "transcripts/words.h"

namespace gridloom::transcripts {
namespace {

using Entry = sim::Fields::Entry;

constexpr std::string_view kUsage =
    "must be: energy balances, values in range, or a comparison, as: soc < 5, or SN:NAME == NAME, "
    "perhaps with a second one behind \"while\"";
constexpr std::string_view kCharge = "soc";

using Holds = bool (*)(double, double);
constexpr std::array<std::pair<std::string_view, Holds>, 6> kSigns = {
    {{"<", [](double left, double right) { return left < right; }},
     {"<=", [](double left, double right) { return left <= right; }},
     {">", [](double left, double right) { return left > right; }},
     {">=", [](double left, double right) { return left >= right; }},
     {"==", [](double left, double right) { return left == right; }},
     {"!=", [](double left, double right) { return left != right; }}}};

Holds sign_of(std::string_view text) {
  const auto* found = std::ranges::find(kSigns, text, [](const auto& each) { return each.first; });
  return found == kSigns.end() ? nullptr : found->second;
}

// The field with this name; nullptr if the device has no such field.
const Entry* entry_of(const sim::VirtualDevice& device, std::string_view name) {
  const auto& entries = device.fields().entries();
  const auto found = std::ranges::find_if(entries, [name](const Entry& entry) {
    return entry.name == name ||
           (name == kCharge && entry.field->nature == catalog::nature_of_word(kCharge));
  });
  return found == entries.end() ? nullptr : &*found;
}

bool has_number(const sim::VirtualDevice& device, std::string_view name) {
  const Entry* entry = entry_of(device, name);
  return entry != nullptr && device.fields().has_number(entry->slot);
}

double number_of(const sim::VirtualDevice& device, std::string_view name) {
  const Entry* entry = entry_of(device, name);
  return entry == nullptr ? 0 : device.fields().number(entry->slot);
}

std::string shown(const sim::VirtualDevice& device, std::string_view name) {
  const Entry* entry = entry_of(device, name);
  return fmt::format("{} is {}", entry->name, wire::to_text(device.fields().get(entry->slot)));
}

// Energy that came in, but neither went out nor was lost nor is stored.
std::int64_t unaccounted_uj(const WatchedDevice& watched) {
  const sim::Balance& begun = watched.begun;
  const sim::Balance now = watched.device->balance();
  return (now.in_uj - begun.in_uj) - (now.out_uj - begun.out_uj) - (now.lost_uj - begun.lost_uj) -
         (now.stored_uj - begun.stored_uj);
}

// The first value that does not fit its field's declaration, and why.
std::optional<std::string> first_misfit(const sim::VirtualDevice& device) {
  for (const Entry& entry : device.fields().entries()) {
    if (const auto why = misfit(*entry.field, device.fields().get(entry.slot))) {
      return fmt::format("{} {}", entry.name, *why);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Condition::Comparison> Condition::comparison(std::string_view& rest) {
  Comparison read{.left = take_word(rest), .sign = take_word(rest), .right = {}};
  const std::string right = take_word(rest);
  if (sign_of(read.sign) == nullptr || right.empty()) return std::nullopt;
  if (const auto number = parse_number(right)) {
    read.right = *number;
  } else {
    read.right = right;
  }
  return read;
}

Result<Condition> Condition::parse(std::string_view text) {
  Condition condition;
  if (text == "energy balances") {
    condition.about_ = About::kEnergy;
    return condition;
  }
  if (text == "values in range") {
    condition.about_ = About::kRanges;
    return condition;
  }
  const std::size_t colon = text.substr(0, text.find(' ')).find(':');
  if (colon != std::string_view::npos) {
    condition.sn_ = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  auto compares = comparison(text);
  if (compares && !text.empty()) {
    const bool guarded = take_word(text) == "while";
    condition.while_ = comparison(text);
    if (!guarded || !condition.while_ || !text.empty()) compares.reset();
  }
  if (!compares) return fail(ErrorCode::kMalformed, std::string(kUsage));
  condition.compares_ = std::move(*compares);
  return condition;
}

bool Condition::concerns(const sim::VirtualDevice& device) const {
  if (!sn_.empty() && sn_ != device.sn()) return false;
  if (about_ != About::kValues) return true;
  const auto known = [&device](const Comparison& comparison) {
    const auto* right = std::get_if<std::string>(&comparison.right);
    return has_number(device, comparison.left) && (right == nullptr || has_number(device, *right));
  };
  return known(compares_) && (!while_ || known(*while_));
}

std::string Condition::unknown_names(std::span<const sim::VirtualDevice* const> devices) const {
  std::vector<std::string_view> known{kCharge};
  for (const sim::VirtualDevice* device : devices) {
    if (!sn_.empty() && sn_ != device->sn()) continue;
    for (const Entry& entry : device->fields().entries()) {
      if (device->fields().has_number(entry.slot)) known.emplace_back(entry.name);
    }
  }
  std::string text;
  const auto look = [&](std::string_view name) {
    const bool has = std::ranges::any_of(devices, [&](const sim::VirtualDevice* device) {
      return (sn_.empty() || sn_ == device->sn()) && has_number(*device, name);
    });
    if (!has) text += fmt::format("; none has {}{}", name, did_you_mean(name, known));
  };
  for (const Comparison* each : {&compares_, while_ ? &*while_ : nullptr}) {
    if (each == nullptr || each->left.empty()) continue;
    look(each->left);
    if (const auto* right = std::get_if<std::string>(&each->right)) look(*right);
  }
  return text;
}

bool Condition::is_so(const Comparison& comparison, const sim::VirtualDevice& device) {
  const auto* name = std::get_if<std::string>(&comparison.right);
  const double right =
      name == nullptr ? std::get<double>(comparison.right) : number_of(device, *name);
  return sign_of(comparison.sign)(number_of(device, comparison.left), right);
}

std::optional<bool> Condition::holds(const WatchedDevice& watched) const {
  if (about_ == About::kEnergy) {
    return unaccounted_uj(watched) == 0 && watched.device->balance().lost_uj >= watched.lost_uj;
  }
  if (about_ == About::kRanges) return !first_misfit(*watched.device);
  if (while_ && !is_so(*while_, *watched.device)) return std::nullopt;
  return is_so(compares_, *watched.device);
}

std::string Condition::seen(const WatchedDevice& watched) const {
  const sim::VirtualDevice& device = *watched.device;
  if (about_ == About::kEnergy) {
    const std::int64_t made_uj = watched.lost_uj - device.balance().lost_uj;
    return made_uj > 0 ? fmt::format("it created {} uJ", made_uj)
                       : fmt::format("its energy balance is off by {} uJ", unaccounted_uj(watched));
  }
  if (about_ == About::kRanges) return first_misfit(device).value_or("all of them are");
  std::string text = shown(device, compares_.left);
  const auto add = [&](const std::variant<double, std::string>& value) {
    if (const auto* name = std::get_if<std::string>(&value)) text += ", " + shown(device, *name);
  };
  add(compares_.right);
  if (while_) {
    add(while_->left);
    add(while_->right);
  }
  return text;
}

}  // namespace gridloom::transcripts
