#include "app/home/field_lookup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "base/ascii.h"
#include "base/nearest.h"
#include "base/printable.h"
#include "catalog/natures.h"
#include "history/energy/energy_sources.h"

namespace gridloom::app {
namespace {

using catalog::Family;
using catalog::Field;

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

std::vector<std::string> matching(std::span<const std::string> names,
                                  const std::function<bool(const std::string&)>& fits) {
  std::vector<std::string> found;
  std::ranges::copy_if(names, std::back_inserter(found), fits);
  return found;
}

bool has_nature(const Field* field, std::string_view text) {
  if (field == nullptr || field->nature.empty()) return false;
  return same(field->nature, text) || same(last_part(field->nature), text);
}

// The one of the names, which all have the same last part.
Result<std::vector<std::string>> only_one(std::string_view text, std::vector<std::string> found) {
  if (found.size() == 1) return found;
  return fail(ErrorCode::kConflict, fmt::format("{} is the end of several names: {}",
                                                printable(text), fmt::join(found, ", ")));
}

// The error for a text that is no name: a nature that the family does not measure, or a mistake.
Error no_field(const Family& family, std::span<const std::string> names, std::string_view text) {
  const std::vector<std::string_view> natures = catalog::nature_words(family);
  if (!catalog::nature_of_word(text).empty()) {
    const bool is_measured = !catalog::fields_of_word(family, text).empty();
    return {.code = ErrorCode::kNotFound,
            .detail = is_measured
                          ? fmt::format("{} has not been reported", text)
                          : fmt::format("{} does not measure {}{}", family.product, text,
                                        natures.empty() ? "" : "; it has " + joined_or(natures))};
  }
  std::vector<std::string_view> known(names.begin(), names.end());
  known.insert(known.end(), natures.begin(), natures.end());
  for (const Field& field : family.fields) {
    if (field.nature.empty()) continue;
    known.push_back(last_part(field.nature));
  }
  const std::string head = std::string(text) + '.';
  const bool is_part = !text.empty() && std::ranges::any_of(names, [&](const std::string& name) {
    return name.starts_with(head);
  });
  std::string meant = is_part ? fmt::format("; '{}*' stands for those that begin so", head)
                              : did_you_mean(text, known);
  if (meant.empty() && !family.passthrough) {
    meant = fmt::format("; `gridloom family show {}` lists them", family.id);
  }
  return {.code = ErrorCode::kNotFound,
          .detail = fmt::format("there is no field \"{}\"{}", printable(text), meant)};
}

}  // namespace

Result<std::vector<std::string>> find_quotas(const Family& family,
                                             std::span<const std::string> names,
                                             std::string_view text) {
  if (std::ranges::find(names, text) != names.end()) return std::vector{std::string(text)};
  if (const auto alias = family.aliases.find(std::string(text)); alias != family.aliases.end()) {
    if (std::ranges::find(names, alias->second) != names.end()) return std::vector{alias->second};
  }
  std::vector<std::string> found;
  if (text.ends_with('*')) {
    const std::string_view head = text.substr(0, text.size() - 1);
    found = matching(names, [&](const std::string& name) { return name.starts_with(head); });
    if (!found.empty()) return found;
  }
  if (text.contains('*')) {
    found = matching(names, [&](const std::string& name) { return history::matches(text, name); });
    if (!found.empty()) return found;
  }
  found = matching(names, [&](const std::string& name) { return same(name, text); });
  if (found.empty()) {
    found = matching(names,
                     [&](const std::string& name) { return has_nature(family.field(name), text); });
  }
  if (found.empty()) {
    const auto fields = catalog::fields_of_word(family, text);
    found = matching(names, [&](const std::string& name) {
      return std::ranges::find(fields, family.field(name)) != fields.end();
    });
  }
  if (!found.empty()) return found;
  found = matching(names, [&](const std::string& name) { return same(last_part(name), text); });
  if (!found.empty()) return only_one(text, std::move(found));
  return std::unexpected(no_field(family, names, text));
}

Result<std::vector<std::string>> history_names(const Family& family,
                                               std::span<const std::string> reported,
                                               std::string_view text) {
  if (text.ends_with('*')) return std::vector{std::string(text)};
  auto found = find_quotas(family, reported, text);
  if (found || found.error().code != ErrorCode::kNotFound) return found;
  auto declared = find_quotas(family, field_names(family), text);
  if (!declared) return found;
  // The server knows the names that modules have reported, and not the declared one.
  std::erase_if(*declared, [](const std::string& name) { return name.contains('*'); });
  return declared->empty() ? std::move(found) : std::move(declared);
}

Result<MemberPlace> find_member(const Family& family, std::string_view text) {
  for (auto end = text.find_last_of(".["); end != std::string_view::npos && end != 0;
       end = text.find_last_of(".[", end - 1)) {
    const auto outer = find_field(family, text.substr(0, end));
    if (!outer) continue;
    const std::string path(text.substr(end));
    const Field* member = catalog::field_inside(*outer, path);
    if (member != nullptr) return MemberPlace{.outer = *outer, .member = member, .path = path};
  }
  std::vector<MemberPlace> found;
  const std::function<void(const Field&, const Field&, const std::string&)> look =
      [&](const Field& outer, const Field& of, const std::string& path) {
        for (const Field& inner : of.fields) {
          const std::string at = path + (inner.name.empty() ? "[]" : '.' + inner.name);
          if (!inner.name.empty() && same(inner.name, text)) {
            found.push_back({.outer = &outer, .member = &inner, .path = at});
          }
          look(outer, inner, at);
        }
      };
  for (const Field& field : family.fields) look(field, field, "");
  if (found.size() == 1) return std::move(found.front());
  std::vector<std::string> names;
  names.reserve(found.size());
  for (const MemberPlace& each : found) names.push_back(each.outer->name + each.path);
  if (found.empty()) return std::unexpected(no_field(family, field_names(family), text));
  return std::unexpected(only_one(text, std::move(names)).error());
}

std::vector<std::string> field_names(const Family& family) {
  std::vector<std::string> names;
  names.reserve(family.fields.size());
  for (const Field& field : family.fields) names.push_back(field.name);
  return names;
}

Result<const Field*> find_field(const Family& family, std::string_view text) {
  if (const Field* field = family.field(text)) return field;
  const auto found = find_quotas(family, field_names(family), text);
  if (!found) {
    return fail(found.error().code, fmt::format("{}: {}", family.product, found.error().detail));
  }
  if (found->size() > 1) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} fits several fields of {}: {}", printable(text), family.product,
                            fmt::join(*found, ", ")));
  }
  return family.field(found->front());
}

}  // namespace gridloom::app
