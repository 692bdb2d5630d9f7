#include "twin/twin.h"

#include <algorithm>
#include <utility>

#include "wire/json.h"

namespace gridloom::twin {
namespace {

void append_key(std::string& out, std::string_view key) {
  if (out.back() != '{') out += ',';
  wire::append_quoted(out, key);
  out += ':';
}

}  // namespace

Twin::Twin(LayoutPtr layout, const TwinLimits& limits)
    : layout_(std::move(layout)), limits_(limits), declared_(layout_->names.size()) {}

const std::string& Twin::name_of(std::size_t slot) const {
  return slot < declared_.size() ? layout_->names[slot] : extra_[slot - declared_.size()].name;
}

std::string_view Twin::text_of(std::size_t slot) const {
  return slot < declared_.size() ? declared_[slot] : extra_[slot - declared_.size()].text;
}

Result<Applied> Twin::apply(std::string_view payload, ReportReader& reader,
                            std::vector<AcceptedValue>* taken) {
  if (Status read = reader.read(*layout_, payload); !read) {
    return std::unexpected(std::move(read.error()));
  }
  Applied applied;
  if (taken != nullptr) taken->clear();
  const std::string_view prefix = reader.prefix(*layout_);
  std::vector<std::size_t>& next_slots = reader.next_slots(*layout_);
  std::size_t at = 0;
  for (const Member& member : reader.body()) {
    const std::size_t changed = applied.changed;
    std::optional<std::size_t> slot;
    if (is_declared(next_slots[at], prefix, member.name)) {
      slot = next_slots[at];
      put(*slot, member.text, applied);
    } else {
      slot = put(whole_name(prefix, member.name), member.text, applied);
    }
    if (slot && *slot < declared_.size()) {
      next_slots[at] = *slot;
      at = *slot + 1;
    }
    if (layout_->repeats && slot) {
      const bool is_first = reader.mention(*slot);
      if (!is_first && applied.changed == changed) continue;
    }
    ++applied.taken;
    if (slot && taken != nullptr) taken->push_back({.slot = *slot, .text = member.text});
  }
  if (applied.changed != 0 || all_version_ == 0) ++version_;
  return applied;
}

bool Twin::is_declared(std::size_t slot, std::string_view prefix, std::string_view name) const {
  if (slot >= declared_.size()) return false;
  const std::string_view whole = layout_->names[slot];
  return whole.size() == prefix.size() + name.size() && whole.ends_with(name) &&
         whole.starts_with(prefix);
}

// The result is valid until the next call.
std::string_view Twin::whole_name(std::string_view prefix, std::string_view name) {
  name_.assign(prefix).append(name);
  // A body may contain full names even if its report has a prefix.
  if (!prefix.empty() && name.starts_with(prefix) && !layout_->index.contains(name_)) name_ = name;
  return name_;
}

void Twin::put(std::size_t declared, std::string_view text, Applied& applied) {
  std::string& slot = declared_[declared];
  if (slot == text) return;
  if (slot.empty()) sorted_ = false;
  slot.assign(text);
  ++applied.changed;
}

std::optional<std::size_t> Twin::put(std::string_view name, std::string_view text,
                                     Applied& applied) {
  if (const auto found = layout_->index.find(name); found != layout_->index.end()) {
    put(found->second, text, applied);
    return found->second;
  }
  const auto refuse = [&applied] {
    ++applied.refused;
    return std::nullopt;
  };
  if (const auto found = extra_index_.find(name); found != extra_index_.end()) {
    Extra& slot = extra_[found->second];
    if (slot.text != text) {
      if (extra_bytes_ + text.size() > limits_.extra_bytes + slot.text.size()) return refuse();
      extra_bytes_ += text.size() - slot.text.size();
      slot.text.assign(text);
      ++applied.changed;
    }
    return declared_.size() + found->second;
  }
  const std::size_t bytes = name.size() + text.size();
  if (std::ranges::count(name, '.') > kMaxLevels) return refuse();
  if (extra_.size() >= limits_.extra_quotas || extra_bytes_ + bytes > limits_.extra_bytes) {
    return refuse();
  }
  extra_bytes_ += bytes;
  extra_index_.emplace(name, extra_.size());
  extra_.push_back({.name = std::string(name), .text = std::string(text)});
  sorted_ = false;
  ++applied.changed;
  return declared_.size() + extra_.size() - 1;
}

void Twin::replay_value(std::string_view name, std::string_view text) {
  Applied applied;
  put(name, text, applied);
  if (applied.changed != 0) ++version_;
}

std::string_view Twin::value(std::string_view name) const {
  if (const auto found = layout_->index.find(name); found != layout_->index.end()) {
    return declared_[found->second];
  }
  const auto found = extra_index_.find(name);
  return found != extra_index_.end() ? std::string_view(extra_[found->second].text)
                                     : std::string_view();
}

void Twin::sort_names() {
  if (sorted_) return;
  by_name_.clear();
  for (std::size_t slot = 0; slot < declared_.size() + extra_.size(); ++slot) {
    if (!text_of(slot).empty()) by_name_.push_back(slot);
  }
  std::ranges::sort(by_name_, {},
                    [this](std::size_t slot) -> const std::string& { return name_of(slot); });
  sorted_ = true;
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
      if (!group_of(name_of(slot)).empty()) continue;
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
  if (all_version_ == version_) return all_;
  auto body = std::make_shared<std::string>();
  if (all_) body->reserve(all_->size() + 64);
  sort_names();
  if (layout_->family->all == catalog::QuotaAllForm::kNested) {
    append_group(*body, by_name_, 0);
  } else {
    *body += '{';
    for (std::size_t slot = 0; slot < declared_.size() + extra_.size(); ++slot) {
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

std::span<const std::size_t> Twin::group(std::string_view name) {
  sort_names();
  return group_of(name);
}

// Requires by_name_ to be sorted.
std::span<const std::size_t> Twin::group_of(std::string_view name) const {
  const std::string head = std::string(name) + '.';
  const auto first = std::ranges::lower_bound(
      by_name_, head, {}, [this](std::size_t slot) { return std::string_view(name_of(slot)); });
  auto last = first;
  while (last != by_name_.end() && name_of(*last).starts_with(head)) ++last;
  return {first, last};
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
    } else if (const auto slots = group(name); !slots.empty()) {
      append_key(out, asked);
      std::string object;
      append_group(object, slots, name.size() + 1);
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

}  // namespace gridloom::twin
