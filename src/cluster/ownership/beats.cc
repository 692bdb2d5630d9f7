#include "ownership/beats.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/printable.h"

namespace gridloom::cluster {

Beats::Beats(Bus& bus, const Clock& steady, Options options)
    : bus_(bus), clock_(steady), options_(std::move(options)) {}

Status Beats::start() {
  GL_TRY(check_node_name(options_.node.name));
  GL_TRY(auto subscription, bus_.subscribe(fmt::format("{}.beat.*", options_.prefix),
                                           [this](std::string_view /*subject*/,
                                                  std::string_view bytes) { on_beat(bytes); }));
  subscription_ = std::move(subscription);
  const std::scoped_lock lock(mutex_);
  connections_ = bus_.link().connections;
  connected_ = clock_.now();
  return {};
}

void Beats::tick(const Said& said) {
  const TimePoint now = clock_.now();
  Beat beat{.node = options_.node,
            .version = options_.version,
            .address = options_.address,
            .sent_ms = unix_ms(now),
            .phase = said.phase,
            .takes_slots = said.takes_slots,
            .changes = said.changes,
            .served = said.served};
  {
    const std::scoped_lock lock(mutex_);
    if (refusal_ || (now < next_beat_ && said_ == said)) return;
    next_beat_ = now + options_.beat;
    said_ = said;
    if (now - rival_heard_ < options_.trust) beat.rival = rival_;
  }
  // Without the lock, because a bus may hand the beat back before it returns.
  if (!bus_.publish(fmt::format("{}.beat.{}", options_.prefix, options_.node.name),
                    bytes_of(beat))) {
    ++unsent_;
    const std::scoped_lock lock(mutex_);
    next_beat_ = now;  // as soon as the bus is back
  }
}

void Beats::on_beat(std::string_view bytes) {
  std::optional<Beat> beat = beat_in(bytes);
  if (!beat) return;
  const TimePoint now = clock_.now();
  const std::scoped_lock lock(mutex_);
  if (beat->node == options_.node) return on_own(*beat, now);
  if (beat->node.name == options_.node.name) on_rival(*beat, now);
  note(std::move(*beat), now);
}

void Beats::on_own(const Beat& beat, TimePoint now) {
  const TimePoint until = TimePoint(Millis(beat.sent_ms)) + options_.trust;
  if (refusal_ || until <= now || until <= trusted_until_.load()) return;
  if (now >= trusted_until_.load()) trusted_since_ = now;
  trusted_until_ = until;
}

void Beats::on_rival(const Beat& beat, TimePoint now) {
  rival_ = beat.node.incarnation;
  rival_heard_ = now;
  if (refusal_ || beat.rival != options_.node.incarnation || !gives_way_to(beat)) return;
  refusal_ = Error{
      .code = ErrorCode::kConflict,
      .detail = fmt::format("two nodes have the name {}: {} at {} is {}, and this one, {} at {}, "
                            "gives way; stop one of them, or give it a name of its own",
                            options_.node.name, text_of(beat.node), printable(beat.address),
                            name_of(beat.phase), text_of(options_.node), options_.address)};
  trusted_until_ = TimePoint{};
}

bool Beats::gives_way_to(const Beat& rival) const {
  const bool joins = !said_ || said_->phase == Phase::kJoining;
  const bool rival_joins = rival.phase == Phase::kJoining;
  if (joins != rival_joins) return joins;
  return rival.node.incarnation < options_.node.incarnation;
}

void Beats::note(Beat beat, TimePoint now) {
  std::erase_if(others_, [now](const SeenNode& node) { return now - node.heard >= kForgetAfter; });
  auto at = std::ranges::lower_bound(others_, beat.node, {}, &SeenNode::id);
  if (at == others_.end() || at->id != beat.node) {
    if (others_.size() >= kMostNodes) return;
    at = others_.insert(at, SeenNode{.id = beat.node});
  }
  at->version = std::move(beat.version);
  at->address = std::move(beat.address);
  at->phase = beat.phase;
  at->takes_slots = beat.takes_slots;
  at->changes = beat.changes;
  at->served = std::move(beat.served);
  at->heard = now;
  if (beat.phase != Phase::kJoining) at->held = now;
}

std::optional<TimePoint> Beats::trusted_since() const {
  // Written in the opposite order: whoever sees a new end sees its beginning.
  if (clock_.now() >= trusted_until_.load()) return std::nullopt;
  return trusted_since_.load();
}

Sight Beats::sight() {
  const std::uint64_t connections = bus_.link().connections;
  const TimePoint now = clock_.now();
  const std::scoped_lock lock(mutex_);
  if (connections != connections_) {
    connections_ = connections;
    connected_ = now;
  }
  const std::optional<TimePoint> since = trusted_since();
  return {.trusted_since = since,
          .listening_since = std::max(connected_, since.value_or(now)),
          .is_refused = refusal_.has_value(),
          .others = others_};
}

std::optional<Error> Beats::refusal() const {
  const std::scoped_lock lock(mutex_);
  return refusal_;
}

}  // namespace gridloom::cluster
