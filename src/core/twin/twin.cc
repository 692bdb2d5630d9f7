#include "twin/twin.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <ranges>
#include <system_error>
#include <utility>

#include "wire/json.h"

namespace gridloom::twin {
namespace {

constexpr std::size_t kUsualEarlier = 40;  // bytes: five powers

void append_key(std::string& out, std::string_view key) {
  if (out.back() != '{') out += ',';
  wire::append_quoted(out, key);
  out += ':';
}

bool is_taken(ExtraQuotas::PutOutcome outcome, Applied& applied) {
  using enum ExtraQuotas::PutOutcome;
  applied.changed += outcome == kChanged ? 1 : 0;
  applied.refused += outcome == kRefused ? 1 : 0;
  return outcome != kRefused;
}

}  // namespace

Twin::Twin(LayoutPtr layout, const TwinLimits& limits)
    : layout_(std::move(layout)), limits_(limits), values_(layout_->names.size()) {}

std::size_t Twin::slots() const {
  return values_.slots() + (extras_.get() == nullptr ? 0 : extras_.get()->size());
}

const std::string& Twin::name_of(std::size_t slot) const {
  return slot < values_.slots() ? layout_->names[slot]
                                : extras_.get()->at(slot - values_.slots()).name;
}

std::string_view Twin::text_of(std::size_t slot) const {
  return slot < values_.slots() ? values_.text(slot)
                                : extras_.get()->at(slot - values_.slots()).text;
}

Result<Applied> Twin::apply(std::string_view payload, ReportReader& reader,
                            std::vector<AcceptedValue>* taken, std::vector<std::size_t>* changed) {
  GL_TRY(reader.read(*layout_, payload));
  Applied applied;
  if (taken != nullptr) taken->clear();
  if (changed != nullptr) changed->clear();
  const std::string_view prefix = reader.prefix(*layout_);
  std::size_t next_extra = 0;
  for (const Member& member : reader.body()) {
    const std::size_t changed_before = applied.changed;
    std::optional<std::size_t> slot = member.slot;
    if (member.slot >= values_.slots()) {
      // ReportReader::quota_name decides what a full name is.
      const bool may_be_full = !prefix.empty() && member.name.starts_with(prefix);
      const ExtraQuotas* const extras = extras_.get();
      slot.reset();
      if (extras != nullptr && !may_be_full && extras->is_at(next_extra, prefix, member.name)) {
        slot = values_.slots() + next_extra;
      }
    }
    if (!slot) {
      slot = put(reader.quota_name(*layout_, prefix, member.name), member.text, applied);
    } else if (!put(*slot, member.text, applied)) {
      slot.reset();
    }
    if (slot && *slot >= values_.slots()) next_extra = *slot - values_.slots() + 1;
    if (layout_->repeats && slot) {
      const bool is_first = reader.mention(*slot);
      if (!is_first && applied.changed == changed_before) continue;
    }
    if (changed != nullptr && slot && applied.changed != changed_before) changed->push_back(*slot);
    ++applied.taken;
    if (slot && taken != nullptr) taken->emplace_back(*slot, member.text);
  }
  if (applied.changed != 0 || version_ == 0) ++version_;
  return applied;
}

std::optional<std::size_t> Twin::slot_of(std::string_view name) const {
  if (const auto found = layout_->index.find(name); found != layout_->index.end()) {
    return found->second;
  }
  if (extras_.get() == nullptr) return std::nullopt;
  const auto extra = extras_.get()->find(name);
  return extra ? std::optional(values_.slots() + *extra) : std::nullopt;
}

bool Twin::put(std::size_t slot, std::string_view text, Applied& applied) {
  if (slot < values_.slots()) {
    if (layout_->is_power(slot)) remember(slot, text);
    const bool is_element = text.starts_with('{') && layout_->is_list(slot);
    const bool changed =
        is_element ? values_.set(slot, fmt::format("[{}]", text)) : values_.set(slot, text);
    applied.changed += changed ? 1 : 0;
    return true;
  }
  return is_taken(extras_.make().set(slot - values_.slots(), text, limits_), applied);
}

std::optional<std::size_t> Twin::put(std::string_view name, std::string_view text,
                                     Applied& applied) {
  if (const std::optional<std::size_t> slot = slot_of(name)) {
    return put(*slot, text, applied) ? slot : std::nullopt;
  }
  using enum ExtraQuotas::PutOutcome;
  const bool has_place =
      !name.starts_with(kNotOfDevices) && std::ranges::count(name, '.') <= kMaxLevels;
  const auto outcome = has_place ? extras_.make().add(name, text, limits_) : kRefused;
  return is_taken(outcome, applied) ? std::optional(slots() - 1) : std::nullopt;
}

void Twin::replay_value(std::string_view name, std::string_view text) {
  Applied applied;
  put(name, text, applied);
  if (applied.changed != 0) ++version_;
}

std::string_view Twin::value(std::string_view name) const {
  const std::optional<std::size_t> slot = slot_of(name);
  return slot ? text_of(*slot) : std::string_view();
}

void Twin::for_each_value(
    const std::function<void(std::size_t slot, std::string_view text)>& each) const {
  std::string buffer;
  for (std::size_t slot = 0; slot < slots(); ++slot) {
    const std::string_view text = text_of(slot);
    if (!text.empty()) each(slot, meant(*this, slot, text, buffer));
  }
}

void Twin::begin_moment() { earlier_.clear(); }

void Twin::remember(std::size_t slot, std::string_view text) {
  constexpr std::size_t kMostSlots = 65536;
  constexpr std::size_t kMostBytes = 255;  // of a number; others are none
  const std::string_view was = values_.text(slot);
  if (was == text || was.size() > kMostBytes || slot >= kMostSlots || before(slot)) return;
  if (earlier_.empty()) earlier_.reserve(kUsualEarlier);
  earlier_ += static_cast<char>(slot & 0xffU);
  earlier_ += static_cast<char>(slot >> 8U);
  earlier_ += static_cast<char>(was.size());
  earlier_ += was;
}

std::optional<std::string_view> Twin::before(std::size_t slot) const {
  const auto byte = [this](std::size_t at) { return static_cast<std::uint8_t>(earlier_[at]); };
  for (std::size_t at = 0; at < earlier_.size(); at += 3 + byte(at + 2)) {
    const std::size_t of = byte(at) | static_cast<std::size_t>(byte(at + 1)) << 8U;
    if (of == slot) return std::string_view(earlier_).substr(at + 3, byte(at + 2));
  }
  return std::nullopt;
}

void Twin::for_each_value_before(
    const std::function<void(std::size_t slot, std::string_view text)>& each) const {
  std::string buffer;
  for_each_value([&](std::size_t slot, std::string_view text) {
    const auto earlier = before(slot);
    const std::string_view was = earlier ? meant(*this, slot, *earlier, buffer) : text;
    if (!was.empty()) each(slot, was);
  });
}

std::vector<std::size_t> Twin::slots_by_name(std::string_view head) const {
  const auto name = [this](std::size_t slot) -> std::string_view { return name_of(slot); };
  std::vector<std::size_t> declared;
  for (const std::uint32_t slot : names_beginning_with(layout_->by_name, head, name)) {
    if (!values_.text(slot).empty()) declared.push_back(slot);
  }
  if (extras_.get() == nullptr) return declared;
  std::vector<std::size_t> others;
  for (const std::size_t extra : extras_.get()->beginning_with(head)) {
    others.push_back(values_.slots() + extra);
  }
  std::vector<std::size_t> slots;
  std::ranges::merge(declared, others, std::back_inserter(slots), {}, name, name);
  return slots;
}

// Whether a quota with a value has this name and a dot before its own.
bool Twin::is_group(std::string_view name) const {
  const std::string head = std::string(name) + '.';
  const auto full_name = [this](std::size_t slot) -> std::string_view { return name_of(slot); };
  return std::ranges::any_of(names_beginning_with(layout_->by_name, head, full_name),
                             [this](auto slot) { return !values_.text(slot).empty(); }) ||
         (extras_.get() != nullptr && !extras_.get()->beginning_with(head).empty());
}

// Appends slots whose names share the first `prefix` characters, nested at the dots that follow.
// The slots are sorted, so the members of one object are adjacent.
void Twin::append_group(std::string& out, std::span<const std::size_t> slots,
                        std::size_t prefix) const {
  out += '{';
  for (std::size_t i = 0; i < slots.size();) {
    const std::string_view name = std::string_view(name_of(slots[i])).substr(prefix);
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) {
      const std::size_t slot = slots[i++];
      // The value has since become a group: a name must not occur twice.
      if (is_group(name_of(slot))) continue;
      append_key(out, name);
      out += text_of(slot);
      continue;
    }
    const std::string_view head = name.substr(0, dot + 1);
    std::size_t end = i + 1;
    while (end < slots.size() &&
           std::string_view(name_of(slots[end])).substr(prefix).starts_with(head)) {
      ++end;
    }
    append_key(out, head.substr(0, dot));
    append_group(out, slots.subspan(i, end - i), prefix + dot + 1);
    i = end;
  }
  out += '}';
}

std::shared_ptr<const std::string> Twin::all() {
  if (version_ == 0) return nullptr;
  was_read_ = true;
  if (all_ && all_version_ == version_) return all_;
  auto body = std::make_shared<std::string>();
  if (all_) body->reserve(all_->size() + 64);
  if (layout_->family->all == catalog::QuotaAllForm::kNested) {
    if (extras_.get() != nullptr) extras_.get()->sort();
    append_group(*body, slots_by_name(""), 0);
  } else {
    *body += '{';
    for (std::size_t slot = 0; slot < slots(); ++slot) {
      if (text_of(slot).empty()) continue;
      append_key(*body, name_of(slot));
      *body += text_of(slot);
    }
    *body += '}';
  }
  all_ = std::move(body);
  all_version_ = version_;
  return all_;
}

std::shared_ptr<const std::string> Twin::quota_all() {
  const std::vector<std::string>& listed = layout_->family->all_fields;
  if (listed.empty()) return all();
  if (version_ == 0) return nullptr;
  auto body = std::make_shared<std::string>("{");
  for (const std::string& name : listed) {
    const std::string_view text = value(name);
    if (text.empty()) continue;
    append_key(*body, name);
    *body += text;
  }
  *body += '}';
  return body;
}

bool Twin::drop_unused_text() {
  if (!std::exchange(was_read_, false)) all_.reset();
  return all_ != nullptr;
}

std::size_t Twin::kept_bytes() const {
  std::size_t bytes = sizeof(*this) + values_.allocated_bytes();
  if (all_) bytes += sizeof(std::string) + all_->capacity();
  if (earlier_.capacity() > std::string().capacity()) bytes += earlier_.capacity();
  if (extras_.get() != nullptr) bytes += extras_.get()->kept_bytes();
  return bytes;
}

// Finds a member inside a quota that is an object: "loadChInfo.info".
std::optional<std::string> Twin::inside(std::string_view name) const {
  for (std::size_t dot = name.rfind('.'); dot != std::string_view::npos && dot != 0;
       dot = name.rfind('.', dot - 1)) {
    const std::string_view text = value(name.substr(0, dot));
    if (text.empty()) continue;
    Result<wire::Json> parsed = wire::parse_json(text);
    if (!parsed) return std::nullopt;
    const wire::Json* at = &*parsed;
    std::string_view rest = name.substr(dot + 1);
    while (at != nullptr && !rest.empty()) {
      const std::size_t next = rest.find('.');
      at = wire::member(*at, rest.substr(0, next));
      rest = next == std::string_view::npos ? std::string_view() : rest.substr(next + 1);
    }
    if (at == nullptr) return std::nullopt;
    return wire::to_text(*at);
  }
  return std::nullopt;
}

std::string Twin::answer(std::span<const std::string> names) {
  const catalog::Family& family = *layout_->family;
  if (extras_.get() != nullptr) extras_.get()->sort();
  std::string out = "{";
  std::vector<std::string_view> answered;
  for (const std::string& asked : names) {
    if (std::ranges::find(answered, asked) != answered.end()) continue;
    answered.emplace_back(asked);
    const auto alias = family.aliases.find(asked);
    const std::string& name = alias == family.aliases.end() ? asked : alias->second;
    if (const std::string_view text = value(name); !text.empty()) {
      append_key(out, asked);
      out += text;
    } else if (const auto group = slots_by_name(name + '.'); !group.empty()) {
      append_key(out, asked);
      std::string object;
      append_group(object, group, name.size() + 1);
      if (std::ranges::find(family.as_text, name) != family.as_text.end()) {
        wire::append_quoted(out, object);
      } else {
        out += object;
      }
    } else if (const auto member = inside(name)) {
      append_key(out, asked);
      out += *member;
    }
  }
  out += '}';
  return out;
}

std::string_view meant(const Twin& twin, std::size_t slot, std::string_view text,
                       std::string& buffer) {
  if (!twin.family().messages.lack_signs) return text;
  const catalog::Field* field = twin.family().field(twin.name_of(slot));
  if (field == nullptr || field->signed_bits == 0) return text;
  std::int64_t sent = 0;
  const char* const end = text.data() + text.size();
  const auto [read_to, error] = std::from_chars(text.data(), end, sent);
  if (error != std::errc{} || read_to != end) return text;
  const auto number = catalog::meant(*field, sent);
  return number ? buffer = fmt::to_string(*number) : text;
}

// Saves a twin as text: {"quotas":[["pd.soc","77"],...]}. A quota's value is the JSON text that the
// device sent, as a string, so that it is restored byte by byte. Other members come from earlier
// versions and are ignored.

namespace {

using wire::Json;

Status malformed(std::string_view why) {
  return fail(ErrorCode::kMalformed, fmt::format("not a saved twin: {}", why));
}

const wire::JsonArray* list_of(const Json& object, std::string_view key) {
  const Json* found = wire::member(object, key);
  return found == nullptr ? nullptr : found->if_array();
}

}  // namespace

std::string Twin::save() const {
  std::string out = R"({"quotas":[)";
  for (std::size_t slot = 0; slot < slots(); ++slot) {
    if (text_of(slot).empty()) continue;
    if (out.back() != '[') out += ',';
    out += '[';
    wire::append_quoted(out, name_of(slot));
    out += ',';
    wire::append_quoted(out, text_of(slot));
    out += ']';
  }
  return out += "]}";
}

Status Twin::restore(std::string_view saved) {
  const auto parsed = wire::parse_json(saved, {.bytes = saved.size()});
  if (!parsed) return malformed(parsed.error().detail);
  const wire::JsonArray* quotas = list_of(*parsed, "quotas");
  if (quotas == nullptr) return malformed("quotas must be a list");
  for (const Json& quota : *quotas) {
    const wire::JsonArray* pair = quota.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() ||
        !(*pair)[1].is_string() || (*pair)[1].get_string().empty()) {
      return malformed("a quota must be [name, value]");
    }
    Applied ignored;
    put((*pair)[0].get_string(), (*pair)[1].get_string(), ignored);
    version_ = 1;
  }
  return {};
}

}  // namespace gridloom::twin
