#include "sim/report_text.h"

#include <algorithm>
#include <utility>

namespace gridloom::sim {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr std::size_t kTypical_bytes = 512;

std::string key_of(std::string_view name) {
  std::string key;
  wire::append_quoted(key, name);
  return key += ':';
}

}  // namespace

ReportText::ReportText(const FieldTable& table, const catalog::Report& report, std::size_t module)
    : module_(module), only_full_(report.only_full) {
  const catalog::Messages& messages = table.family().messages;
  JsonObject envelope = messages.report;
  for (const auto& [member, value] : report.match) envelope[member] = value;
  for (const auto& [member, value] : report.extra) envelope[member] = value;
  if (!report.module.empty()) envelope[report.module] = nullptr;
  envelope[messages.report_body] = nullptr;
  for (const auto& [member, value] : envelope) {
    envelope_.push_back(envelope_member(member, value));
    envelope_.back().is_body = std::string_view(member) == messages.report_body;
    envelope_.back().is_module = std::string_view(member) == report.module;
  }
  std::string prefix = report.prefix;
  if (module != FieldTable::kNoModule) prefix += table.modules()[module].sn + '.';
  for (std::size_t i = 0; i < table.entries().size(); ++i) {
    const std::string_view name = table.entries()[i].name;
    if (!report.carries(name) || !name.starts_with(prefix)) continue;
    add_to_body(name.substr(prefix.size()), i, messages);
  }
  if (!report.also_flat) return;
  for (std::size_t i = 0; i < table.entries().size(); ++i) {
    const std::string_view name = table.entries()[i].name;
    if (!report.carries(name) || !name.substr(prefix.size()).contains('.')) continue;
    body_.push_back({.key = key_of(name), .slot = i});
  }
}

void ReportText::add_to_body(std::string_view path, std::size_t slot,
                             const catalog::Messages& messages) {
  std::vector<Member>* into = &body_;
  for (std::size_t dot = path.find('.'); messages.nested && dot != std::string_view::npos;
       dot = path.find('.')) {
    const std::string key = key_of(path.substr(0, dot));
    auto group = std::ranges::find(*into, key, &Member::key);
    if (group == into->end()) group = into->insert(into->end(), Member{.key = key});
    into = &group->members;
    path.remove_prefix(dot + 1);
  }
  into->push_back({.key = key_of(path), .slot = slot});
}

ReportText::Member ReportText::envelope_member(std::string_view key, const Json& value) {
  Member member{.key = key_of(key)};
  if (const JsonObject* object = value.if_object(); object != nullptr && !object->empty()) {
    for (const auto& [name, inner] : *object) {
      member.members.push_back(envelope_member(name, inner));
    }
  } else if (value.is_string() && value.get_string().starts_with('$')) {
    member.name = std::string_view(value.get_string()).substr(1);
  } else {
    member.text = wire::to_text(value);
  }
  return member;
}

bool ReportText::append(std::string& out, const Fields& fields, Extent extent,
                        const Lookup& lookup) const {
  if (extent == Extent::kChanged && only_full_) return false;
  // Checked before the envelope is made, because message numbers count only sent messages.
  if (std::ranges::none_of(body_, [&](const Member& each) { return says(each, fields, extent); })) {
    return false;
  }
  out.reserve(out.size() + kTypical_bytes);
  append_envelope(out, envelope_, fields, extent, lookup);
  return true;
}

void ReportText::append_envelope(std::string& out, const std::vector<Member>& members,
                                 const Fields& fields, Extent extent, const Lookup& lookup) const {
  out += '{';
  const std::size_t begin = out.size();
  for (const Member& member : members) {
    const auto found = member.name.empty() ? std::nullopt : lookup(member.name);
    if (!member.name.empty() && !found) continue;
    if (out.size() != begin) out += ',';
    out += member.key;
    if (member.is_body) {
      append_body(out, body_, fields, extent);
    } else if (member.is_module) {
      wire::append_quoted(out, fields.serial(module_));
    } else if (found) {
      wire::append_text(out, *found);
    } else if (!member.members.empty()) {
      append_envelope(out, member.members, fields, extent, lookup);
    } else {
      out += member.text;
    }
  }
  out += '}';
}

bool ReportText::says(const Member& member, const Fields& fields, Extent extent) {
  if (member.slot == kNoSlot) {
    return std::ranges::any_of(member.members,
                               [&](const Member& each) { return says(each, fields, extent); });
  }
  return extent == Extent::kFull || fields.changed(member.slot);
}

void ReportText::append_body(std::string& out, const std::vector<Member>& members,
                             const Fields& fields, Extent extent) {
  out += '{';
  const std::size_t begin = out.size();
  for (const Member& member : members) {
    if (!says(member, fields, extent)) continue;
    if (out.size() != begin) out += ',';
    out += member.key;
    if (member.slot == kNoSlot) {
      append_body(out, member.members, fields, Extent::kFull);
    } else {
      wire::append_text(out, fields.entries()[member.slot].value);
    }
  }
  out += '}';
}

}  // namespace gridloom::sim
