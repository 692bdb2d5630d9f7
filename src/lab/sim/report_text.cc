#include "sim/report_text.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

namespace gridloom::sim {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::size_t kWordBits = 64;
// References to the parts of a report, beside those that a device file may have.
constexpr std::string_view kBody = "report:body";
constexpr std::string_view kModule = "report:module";

std::string key_of(std::string_view name) {
  std::string key = ",";
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
  if (!report.module.empty()) envelope[report.module] = '$' + std::string(kModule);
  pieces_.emplace_back();
  if (messages.report_body.empty()) {
    pieces_.back().source = Source::kBody;
    for (const auto& [member, value] : report.match) {
      match_ += key_of(member).substr(match_.empty() ? 1 : 0);
      wire::append_text(match_, value);
    }
  } else {
    envelope[messages.report_body] = '$' + std::string(kBody);
    compile_object(table, envelope);
  }
  compile_body(table, report);
}

// ---- the envelope

void ReportText::compile_object(const FieldTable& table, const JsonObject& object) {
  pieces_.back().text += '{';
  bool is_first = true;
  for (const auto& [name, value] : object) {
    std::optional<Piece> piece;
    if (value.is_string() && value.get_string().starts_with('$')) {
      piece = piece_of(table, std::string_view(value.get_string()).substr(1));
      if (!piece) continue;
    }
    pieces_.back().text += key_of(name).substr(std::exchange(is_first, false) ? 1 : 0);
    if (piece) {
      pieces_.back().source = piece->source;
      pieces_.back().index = piece->index;
      pieces_.emplace_back();
    } else if (value.is_object()) {
      compile_object(table, value.get_object());
    } else {
      wire::append_text(pieces_.back().text, value);
    }
  }
  pieces_.back().text += '}';
}

std::optional<ReportText::Piece> ReportText::piece_of(const FieldTable& table,
                                                      std::string_view name) const {
  constexpr std::string_view kModuleOf = "module:";
  constexpr std::string_view kFieldOf = "field:";
  if (name == kBody) return Piece{.source = Source::kBody};
  if (name == kModule) return Piece{.source = Source::kModule, .index = module_};
  if (name == "message_id") return Piece{.source = Source::kMessageId};
  if (name == "uptime_ms") return Piece{.source = Source::kUptime};
  if (name == "now_ms") return Piece{.source = Source::kNow};
  if (name == "id") return Piece{.source = Source::kNoRequest};
  if (name.starts_with(kModuleOf)) {
    const auto& all = table.modules();
    const auto found =
        std::ranges::find(all, name.substr(kModuleOf.size()), &FieldTable::Module::group);
    if (found == all.end()) return std::nullopt;
    return Piece{.source = Source::kModule, .index = static_cast<std::size_t>(found - all.begin())};
  }
  if (!name.starts_with(kFieldOf)) return std::nullopt;
  const auto slot = table.find(name.substr(kFieldOf.size()));
  if (!slot) return std::nullopt;
  return Piece{.source = Source::kField, .index = slot->index};
}

// ---- the body

void ReportText::compile_body(const FieldTable& table, const catalog::Report& report) {
  std::string prefix = report.prefix;
  if (module_ != FieldTable::kNoModule) prefix += table.modules()[module_].sn + '.';
  const bool nested = table.family().messages.nested;
  std::vector<Member> flat;
  for (std::size_t i = 0; i < table.entries().size(); ++i) {
    const std::string_view name = table.entries()[i].name;
    if (!report.carries(name)) continue;
    const bool is_inside = name.starts_with(prefix);
    const bool is_matched =
        !match_.empty() && is_inside && std::ranges::any_of(report.match, [&](const auto& member) {
          return member.first == name.substr(prefix.size());
        });
    if (is_matched) continue;  // each message has it
    const bool is_flat = report.also_flat && name.substr(prefix.size()).contains('.');
    Member member{.key = key_of(name),
                  .slot = static_cast<std::uint32_t>(i),
                  .one_as_object = table.entries()[i].field->one_as_object};
    if (is_inside) add_to_body(name.substr(prefix.size()), member, nested);
    if (is_flat) flat.push_back(std::move(member));
    if (is_inside || is_flat) add(slots_, i);
  }
  if (!report.also_flat) compile_flat_body();
  std::ranges::move(flat, std::back_inserter(body_));
}

void ReportText::add_to_body(std::string_view path, Member member, bool nested) {
  std::vector<Member>* into = &body_;
  for (std::size_t dot = path.find('.'); nested && dot != std::string_view::npos;
       dot = path.find('.')) {
    const std::string key = key_of(path.substr(0, dot));
    auto group = std::ranges::find(*into, key, &Member::key);
    if (group == into->end()) {
      group = into->insert(into->end(), Member{.key = key, .slot = kNoSlot});
    }
    add(group->slots, member.slot);
    into = &group->members;
    path.remove_prefix(dot + 1);
  }
  member.key = key_of(path);
  into->push_back(std::move(member));
}

void ReportText::compile_flat_body() {
  const auto is_plain = [](const Member& member) {
    return member.slot != kNoSlot && !member.one_as_object;
  };
  if (body_.empty() || !std::ranges::all_of(body_, is_plain)) return;
  first_slot_ = body_.front().slot;
  keys_.resize(body_.back().slot + 1 - first_slot_);
  for (const Member& member : body_) {
    keys_[member.slot - first_slot_] = {.at = static_cast<std::uint32_t>(key_text_.size()),
                                        .length = static_cast<std::uint32_t>(member.key.size())};
    key_text_ += member.key;
  }
  key_text_.append(TextBuffer::kPadding, ' ');
}

void ReportText::add(SlotSet& set, std::size_t slot) {
  const std::size_t word = slot / kWordBits;
  if (set.empty() || set.back().index != word) set.push_back({.index = word});
  set.back().bits |= std::uint64_t{1} << (slot % kWordBits);
}

std::uint64_t ReportText::reported(const SlotWord& word, const Fields& fields, Extent extent) {
  std::uint64_t bits = word.bits;
  if (extent == Extent::kChanged) bits &= fields.changes()[word.index];
  return fields.hidden().empty() ? bits : bits & ~fields.hidden()[word.index];
}

bool ReportText::has_fields(const SlotSet& set, const Fields& fields, Extent extent) {
  return std::ranges::any_of(
      set, [&](const SlotWord& word) { return reported(word, fields, extent) != 0; });
}

// ---- a message

bool ReportText::append(TextBuffer& out, const Fields& fields, Extent extent,
                        Envelope& envelope) const {
  // Checked before the envelope is made, because message numbers count only sent messages.
  if (extent == Extent::kChanged && only_full_) return false;
  if (!has_fields(slots_, fields, extent)) return false;
  for (const Piece& piece : pieces_) {
    out.append(piece.text);
    switch (piece.source) {
      case Source::kNone:
        break;
      case Source::kBody:
        out.append('{');
        out.append(match_);
        keys_.empty() ? append_members(out, body_, fields, extent, match_.empty() ? 1 : 0)
                      : append_flat_body(out, fields, extent);
        out.append('}');
        break;
      case Source::kMessageId:
        out.append_whole(++envelope.last_message_id);
        break;
      case Source::kUptime:
        out.append_whole(envelope.uptime_ms);
        break;
      case Source::kNow:
        out.append_whole(envelope.now_ms);
        break;
      case Source::kNoRequest:
        out.append_whole(0);
        break;
      case Source::kModule:
        out.append_quoted(fields.serial(piece.index));
        break;
      case Source::kField:
        fields.append_value(out, piece.index);
        break;
    }
  }
  return true;
}

void ReportText::append_flat_body(TextBuffer& out, const Fields& fields, Extent extent) const {
  std::size_t comma = match_.empty() ? 1 : 0;  // left out before the first key
  for (const SlotWord& word : slots_) {
    for (std::uint64_t bits = reported(word, fields, extent); bits != 0; bits &= bits - 1) {
      const std::size_t slot =
          word.index * kWordBits + static_cast<std::size_t>(std::countr_zero(bits));
      const Key& key = keys_[slot - first_slot_];
      out.append_padded({key_text_.data() + key.at + comma, key.length - comma});
      comma = 0;
      fields.append_value(out, slot);
    }
  }
}

void ReportText::append_list(TextBuffer& out, const Fields& fields, std::size_t slot) {
  const Json value = fields.get(fields.entries()[slot].slot);
  const JsonArray* list = value.if_array();
  if (list == nullptr || list->size() != 1) return fields.append_value(out, slot);
  out.append(wire::to_text(list->front()));
}

void ReportText::append_members(TextBuffer& out, const std::vector<Member>& members,
                                const Fields& fields, Extent extent, std::size_t comma) {
  for (const Member& member : members) {
    const bool is_group = member.slot == kNoSlot;
    if (is_group && !has_fields(member.slots, fields, extent)) continue;
    if (!is_group && !fields.is_shown(member.slot)) continue;
    if (!is_group && extent == Extent::kChanged && !fields.changed(member.slot)) continue;
    out.append(std::string_view(member.key).substr(comma));
    comma = 0;
    if (!is_group) {
      member.one_as_object ? append_list(out, fields, member.slot)
                           : fields.append_value(out, member.slot);
      continue;
    }
    out.append('{');
    append_members(out, member.members, fields, Extent::kFull);
    out.append('}');
  }
}

}  // namespace gridloom::sim
