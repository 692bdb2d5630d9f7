#include "ownership/member.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <stop_token>
#include <utility>
#include <variant>

#include "base/printable.h"

namespace gridloom::cluster {
namespace {

SlotEvent event_of(SlotEvent::What what, Slot slot, Revision revision) {
  return {.what = what, .slot = slot, .revision = revision};
}

}  // namespace

class Member::Inbox {
 public:
  void add(Event event) {
    {
      const std::scoped_lock lock(mutex_);
      events_.push_back(std::move(event));
    }
    changed_.notify_all();
  }
  void drain() {
    {
      const std::scoped_lock lock(mutex_);
      drains_ = true;
      has_news_ = true;
    }
    changed_.notify_all();
  }
  struct Taken {
    std::vector<Event> events;
    bool drains = false;
  };
  // Waits for events, up to a tick.
  [[nodiscard]] Taken take(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    (void)changed_.wait_for(lock, stop, kTick, [this] { return has_news_ || !events_.empty(); });
    has_news_ = false;
    return {.events = std::exchange(events_, {}), .drains = drains_};
  }
  void note_drained() {
    {
      const std::scoped_lock lock(mutex_);
      has_drained_ = true;
    }
    changed_.notify_all();
  }
  [[nodiscard]] bool wait_until_drained(Millis at_most) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, at_most, [this] { return has_drained_; });
  }

 private:
  std::mutex mutex_;  // guards the members below
  std::condition_variable_any changed_;
  std::vector<Event> events_;
  bool has_news_ = false;
  bool drains_ = false;
  bool has_drained_ = false;
};

Result<std::unique_ptr<Member>> Member::start(const Parts& parts, const Options& options) {
  GL_TRY(check_node_name(options.node.name));
  GL_TRY(ClusterFacts facts, parts.claims.join(options.slots));
  std::unique_ptr<Member> member(new Member(parts, options, std::move(facts)));
  GL_TRY(member->beats_.start());
  member->thread_ =
      std::jthread([&member = *member](const std::stop_token& stop) { member.run(stop); });
  return member;
}

Member::Member(const Parts& parts, const Options& options, ClusterFacts facts)
    : parts_(parts),
      options_(options),
      facts_(std::move(facts)),
      beats_(parts.bus, parts.steady,
             {.node = options.node,
              .version = options.version,
              .address = options.address,
              .prefix = options.prefix,
              .beat = options.beat,
              .trust = options.trust}),
      inbox_(std::make_shared<Inbox>()),
      ownership_({.node = options.node,
                  .slots = options.slots,
                  .lease = options.lease,
                  .settle = 3 * options.beat,
                  .fresh = 4 * options.beat}),
      claims_(parts.claims, options.node, parts.steady,
              [inbox = inbox_](Event event) { inbox->add(std::move(event)); }) {}

Member::~Member() = default;

bool Member::stop(Millis at_most) {
  inbox_->drain();
  return inbox_->wait_until_drained(at_most);
}

std::optional<Revision> Member::acknowledges(Slot slot) const {
  const Revision revision = serving_.at(number_of(slot)).load();
  if (revision == 0 || beats_.trusted_since() != era_.load()) return std::nullopt;
  return revision;
}

void Member::note_fenced(Slot slot, Revision revision) {
  inbox_->add(event_of(SlotEvent::What::kFenced, slot, revision));
}

std::vector<SlotOwner> Member::owners() const {
  const std::scoped_lock lock(mutex_);
  return owners_;
}

std::vector<NodeId> Member::present() const {
  const std::scoped_lock lock(mutex_);
  return present_;
}

Member::Health Member::health() {
  Sight sight = beats_.sight();
  const std::scoped_lock lock(mutex_);
  return {.facts = facts_,
          .phase = phase_,
          .trusts_itself = sight.trusted_since.has_value(),
          .others = std::move(sight.others),
          .claims = claims_.away(),
          .unsent_beats = beats_.unsent(),
          .refusal = beats_.refusal()};
}

void Member::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Inbox::Taken taken = inbox_->take(stop);
    for (const Event& event : taken.events) ownership_.note(event, parts_.steady.now());
    if (taken.drains) ownership_.drain();
    turn();
  }
}

void Member::turn() {
  const Sight sight = beats_.sight();
  const std::vector<Effect> effects = ownership_.step(sight, parts_.steady.now());
  publish(sight);
  for (const Effect& effect : effects) {
    std::visit(
        [this]<typename What>(const What& what) {
          if constexpr (requires { claims_.call(what); }) {
            claims_.call(what);
          } else {
            act(what);
          }
        },
        effect);
  }
  beats_.tick(said_);
  report(sight);
  if (ownership_.has_drained()) inbox_->note_drained();
}

// Publishes the state that other threads ask for. A slot that is to be closed is not acknowledged
// any more when close() is called, and none is under an era that has not begun.
void Member::publish(const Sight& sight) {
  std::vector<SlotOwner> owners;
  owners.reserve(options_.slots);
  for (const SlotRow& row : ownership_.rows()) {
    owners.push_back({.node = row.owner, .revision = row.revision});
  }
  for (std::size_t i = 0; i < options_.slots; ++i) {
    const auto slot = static_cast<Slot>(i);
    serving_.at(i) = ownership_.serves(slot).value_or(0);
    if (i < owners.size() && ownership_.reachable(slot) == owners[i].revision) {
      owners[i].is_served = true;
    }
  }
  era_ = ownership_.era().value_or(TimePoint{});
  for (const SeenNode& node : sight.others) {
    for (const ServedSlot& served : node.served) {
      const std::size_t at = number_of(served.slot);
      if (at < owners.size() && owners[at].node == node.id &&
          owners[at].revision == served.revision) {
        owners[at].is_served = true;
      }
    }
  }
  bool is_news = false;
  {
    const std::scoped_lock lock(mutex_);
    phase_ = ownership_.phase();
    is_news = owners_ != owners;
    owners_ = std::move(owners);
  }
  if (is_news) parts_.host.owners_changed();
}

// For people, and for a node that is refused.
void Member::report(const Sight& sight) {
  const TimePoint now = parts_.steady.now();
  std::vector<NodeId> present;
  for (const SeenNode& node : sight.others) {
    if (now - node.heard >= options_.lease) continue;
    present.push_back(node.id);
    if (!std::ranges::binary_search(present_, node.id)) {
      spdlog::info("the node {} at {} is there, with version {}", text_of(node.id),
                   printable(node.address), printable(node.version));
    }
  }
  for (const NodeId& id : present_) {
    if (!std::ranges::binary_search(present, id)) {
      spdlog::warn("the node {} is not heard any more", text_of(id));
    }
  }
  if (present != present_) {
    {
      const std::scoped_lock lock(mutex_);
      present_ = std::move(present);
    }
    parts_.host.owners_changed();
  }
  if (!sight.is_refused || std::exchange(is_refused_, true)) return;
  if (const auto why = beats_.refusal()) {
    spdlog::error("{}", why->detail);
    parts_.host.refused(*why);
  }
}

void Member::act(const Open& what) {
  spdlog::info("slot {} is claimed under revision {}", number_of(what.slot), what.revision);
  parts_.host.open(
      {.slot = what.slot, .revision = what.revision, .position = what.position},
      [inbox = inbox_, what](const Status& outcome, Revision found) {
        if (!outcome) {
          spdlog::error("slot {} cannot be opened under revision {}: {}", number_of(what.slot),
                        what.revision, outcome.error().detail);
        }
        const auto event = outcome ? SlotEvent::What::kOpened : SlotEvent::What::kOpenFailed;
        inbox->add(
            SlotEvent{.what = event, .slot = what.slot, .revision = what.revision, .found = found});
      });
}

void Member::act(const Close& what) {
  spdlog::info("slot {} is given up under revision {}: {}", number_of(what.slot), what.revision,
               name_of(what.reason));
  parts_.host.close(what.slot, what.revision, what.reason, [inbox = inbox_, what] {
    inbox->add(event_of(SlotEvent::What::kClosed, what.slot, what.revision));
  });
}

void Member::act(const Announce& what) { said_ = what.said; }

}  // namespace gridloom::cluster
