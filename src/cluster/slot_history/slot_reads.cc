#include "slot_history/slot_reads.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "database/history/postgres_store_factory.h"
#include "database/history/schema.h"
#include "postgres/pool.h"
#include "slot_history/head_bytes.h"
#include "slot_history/slot_store_reader.h"

namespace gridloom::history {
namespace {

using Steady = std::chrono::steady_clock;

// A thread waits so long for the owner's answer before it works for others.
constexpr std::chrono::milliseconds kWaitAtOnce{2};
constexpr std::string_view kNoOwner =
    "the node that has the device's last hour does not answer: ask again in a moment";
constexpr std::string_view kBusy =
    "the node that has the device's history has too much to do: ask again in a moment";

// The owner's answer, which may come when nobody waits for it any more.
class HeadsAnswer {
 public:
  void set(Result<std::string> bytes) {
    {
      const std::lock_guard lock(mutex_);
      if (bytes_) return;
      bytes_ = std::move(bytes);
    }
    came_.notify_all();
  }
  // Nothing: it has not come yet.
  [[nodiscard]] std::optional<Result<std::string>> wait(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, most, [this] { return bytes_.has_value(); });
    return std::exchange(bytes_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::optional<Result<std::string>> bytes_;
};

// A device of a slot that is served at another node, for one query.
struct RemoteDevice {
  RemoteDevice(std::shared_ptr<const SentHeads> sent, std::shared_ptr<SlotNames> known,
               const SlotReads::Options& options)
      : heads(std::move(sent)),
        names(std::move(known)),
        shared{.names = &names->names,
               .hours = heads.get(),
               .records = &heads->records(),
               .damage = options.damage,
               .clock = options.clock} {}

  std::shared_ptr<const SentHeads> heads;
  std::shared_ptr<SlotNames> names;
  Reader::Shared shared;
};

// The slot of a device, or that of an audit.
struct Destination {
  cluster::Slot slot{};
  DeviceNumber device = kNoDevice;
  friend bool operator==(const Destination&, const Destination&) = default;
};

// An archive of this process.
struct Local {
  Archive* archive = nullptr;
  std::int64_t origin = 0;  // negative, which no revision is
  // Guarded by State::mutex.
  std::size_t running = 0;  // steps
  bool is_removed = false;
};

// A query on its way.
class Travel final : public Route {
 public:
  Travel(Query of, const SlotReads::Options& options) : query(std::move(of)), options_(&options) {}

  Result<bool> reach(DeviceNumber device) override {
    if (failure) return std::unexpected(*failure);
    const auto slot = options_->slot_of(device);
    if (!slot) return fail(ErrorCode::kNotFound, "the device is not there any more");
    return reach({.slot = *slot, .device = device});
  }
  [[nodiscard]] std::size_t archives() const override { return options_->slots; }
  Result<bool> reach_archive(std::size_t index) override {
    if (failure) return std::unexpected(*failure);
    return reach({.slot = static_cast<cluster::Slot>(index)});
  }
  [[nodiscard]] bool is_elsewhere() const override { return is_elsewhere_; }
  [[nodiscard]] std::int64_t origin() const override {
    if (local) return local->origin;
    return remote ? remote->heads->revision() : 0;
  }

  Progress step(Reader& reader) {
    is_elsewhere_ = false;
    reader.set_route(this);
    const Progress progress = query.step(reader);
    reader.set_route(nullptr);
    return progress;
  }
  void leave() {
    local.reset();
    remote.reset();
    asked.reset();
    is_elsewhere_ = false;
  }
  void fail_with(std::string_view detail) {
    failure = Error{.code = ErrorCode::kIo, .detail = std::string(detail)};
  }

  Query query;
  std::optional<Destination> destination;  // where it wants to be, or is
  std::optional<Error> failure;
  // Where it is; neither: nowhere yet.
  std::shared_ptr<Local> local;
  std::unique_ptr<RemoteDevice> remote;
  std::shared_ptr<HeadsAnswer> asked;  // for the heads of `destination`
  Steady::time_point asked_at{};

 private:
  Result<bool> reach(const Destination& to) {
    const bool is_here =
        destination && ((local && destination->slot == to.slot) || (remote && *destination == to));
    if (is_here) return true;
    destination = to;
    is_elsewhere_ = true;
    return false;
  }

  const SlotReads::Options* options_;
  bool is_elsewhere_ = false;
};
using TravelPtr = std::shared_ptr<Travel>;

// The tables of slots as one thread reads them.
struct Tables {
  struct Table {
    explicit Table(std::shared_ptr<postgres::Pool> of)
        : store(open_postgres_store(std::move(of))) {}
    std::unique_ptr<RowStore> store;  // has the one connection of its pool
    Steady::time_point used{};
  };
  std::map<cluster::Slot, std::unique_ptr<Table>> of;
};

}  // namespace

struct SlotReads::State : std::enable_shared_from_this<SlotReads::State> {
  explicit State(Options given)
      : options(std::move(given)), queue(options.limits), no_database(pool_of(options.database)) {
    no_database->stop();
  }

  using Queue = FairQueue<Tables>;
  class LocalStep;

  [[nodiscard]] Queue::Entry entry(TravelPtr travel) {
    return {.account = travel->query.account,
            .gone = travel->query.gone,
            .step = [this, travel](Tables& tables) { return work(travel, tables); }};
  }
  // Goes on here with a query whose step in an archive has ended, or was dropped.
  void take_back(const TravelPtr& travel) {
    travel->leave();
    if (queue.add(entry(travel)) || is_stopped) return;
    travel->fail_with(kBusy);
    while (!travel->query.gone.stop_requested() && step_nowhere(*travel) == Progress::kMore) {
    }
  }

  // False: the archive was removed.
  [[nodiscard]] bool begin_step(Local& local) {
    const std::lock_guard lock(mutex);
    if (!local.is_removed) ++local.running;
    return !local.is_removed;
  }
  void end_step(Local& local) {
    {
      const std::lock_guard lock(mutex);
      --local.running;
    }
    step_ended.notify_all();
  }

  [[nodiscard]] Progress work(const TravelPtr& travel, Tables& tables);
  [[nodiscard]] bool enter_local(const TravelPtr& travel);
  [[nodiscard]] bool has_heads(Travel& travel);
  [[nodiscard]] Progress step_nowhere(Travel& travel);
  [[nodiscard]] std::shared_ptr<postgres::Pool> pool_of(postgres::ConnectionSettings settings) {
    return std::make_shared<postgres::Pool>(
        std::move(settings), postgres::Pool::Options{.job = "history of other nodes",
                                                     .most = 1,
                                                     .connection = options.connection,
                                                     .clock = *options.clock,
                                                     .absence = absence});
  }
  [[nodiscard]] std::shared_ptr<SlotNames> names_of(cluster::Slot slot, cluster::Revision revision);
  [[nodiscard]] RowStore& store_of(cluster::Slot slot, Tables& tables);
  void close_idle(Tables& tables);
  void run();

  const Options options;
  Queue queue;
  // All threads and slots share it: once one of them reads again, all do.
  const std::shared_ptr<postgres::Absence> absence = std::make_shared<postgres::Absence>();
  const std::shared_ptr<postgres::Pool> no_database;  // each call of it fails
  std::atomic<bool> is_stopped{false};
  std::atomic<std::size_t> connections{0};
  std::mutex mutex;  // guards the members below
  std::condition_variable step_ended;
  std::map<cluster::Slot, std::shared_ptr<Local>> locals;
  std::int64_t last_origin = 0;
  std::map<cluster::Slot, std::shared_ptr<SlotNames>> names;
  std::vector<std::jthread> threads;
};

// A query's steps in an archive of this process. If the archive drops them, the query fails.
class SlotReads::State::LocalStep {
 public:
  LocalStep(std::shared_ptr<State> state, TravelPtr travel)
      : state_(std::move(state)), travel_(std::move(travel)) {}
  LocalStep(LocalStep&&) noexcept = default;
  LocalStep& operator=(LocalStep&&) = delete;
  LocalStep(const LocalStep&) = delete;
  LocalStep& operator=(const LocalStep&) = delete;
  ~LocalStep() {
    if (!travel_ || travel_->query.gone.stop_requested()) return;
    travel_->fail_with(kBusy);
    state_->take_back(std::exchange(travel_, nullptr));
  }

  Progress operator()(Reader& reader) {
    const std::shared_ptr<Local> local = travel_->local;
    if (!state_->begin_step(*local)) {
      travel_->fail_with("the history of a device was moved to another node meanwhile: ask again");
      state_->take_back(std::exchange(travel_, nullptr));
      return Progress::kDone;
    }
    const Progress progress = travel_->step(reader);
    state_->end_step(*local);
    if (progress == Progress::kMore && !travel_->is_elsewhere()) return Progress::kMore;
    const TravelPtr travel = std::exchange(travel_, nullptr);
    if (progress == Progress::kMore) state_->take_back(travel);
    return Progress::kDone;
  }

 private:
  std::shared_ptr<State> state_;
  TravelPtr travel_;  // null: it is done here
};

// A reader that has nothing: a step with it tells where the query has to go, or takes its failure.
Progress SlotReads::State::step_nowhere(Travel& travel) {
  static const FieldNames kNoNames{{}};
  static const SentHeads kNoHours;
  static const ReadableRecords kNoRecords;
  const Reader::Shared nothing{.names = &kNoNames,
                               .hours = &kNoHours,
                               .records = &kNoRecords,
                               .damage = options.damage,
                               .clock = options.clock};
  Reader reader(nothing, open_postgres_store(no_database));
  return travel.step(reader);
}

// True: an archive of this process has the query now.
bool SlotReads::State::enter_local(const TravelPtr& travel) {
  {
    const std::lock_guard lock(mutex);
    const auto found = locals.find(travel->destination->slot);
    if (found == locals.end()) return false;
    travel->local = found->second;
    // The archive is not destroyed before remove() has seen that this is over.
    ++travel->local->running;
  }
  const std::shared_ptr<Local> local = travel->local;
  // A query that is refused fails as one that is dropped.
  static_cast<void>(local->archive->read(Query{.account = travel->query.account,
                                               .gone = travel->query.gone,
                                               .step = LocalStep(shared_from_this(), travel)}));
  end_step(*local);
  return true;
}

std::shared_ptr<SlotNames> SlotReads::State::names_of(cluster::Slot slot,
                                                      cluster::Revision revision) {
  const std::lock_guard lock(mutex);
  std::shared_ptr<SlotNames>& known = names[slot];
  if (known && known->revision == revision) return known;
  auto fresh = std::make_shared<SlotNames>();
  fresh->revision = revision;
  if (!known || known->revision < revision) known = fresh;
  return fresh;
}

// True: the device's heads are here, or the query has failed.
bool SlotReads::State::has_heads(Travel& travel) {
  if (!travel.asked) {
    travel.asked = std::make_shared<HeadsAnswer>();
    travel.asked_at = Steady::now();
    options.heads->heads(
        travel.destination->slot, travel.destination->device,
        [asked = travel.asked](Result<std::string> bytes) { asked->set(std::move(bytes)); });
  }
  const auto answer = travel.asked->wait(kWaitAtOnce);
  if (!answer) {
    if (Steady::now() < travel.asked_at + options.patience) return false;
    travel.fail_with(kNoOwner);
    return true;
  }
  travel.asked.reset();
  auto heads = *answer ? SentHeads::read(**answer) : std::unexpected(answer->error());
  if (!heads) {
    travel.fail_with(*answer ? std::string_view(heads.error().detail) : kNoOwner);
    return true;
  }
  auto known = names_of(travel.destination->slot, (*heads)->revision());
  for (const auto& [id, name] : (*heads)->names()) known->names.set(id, name);
  travel.remote = std::make_unique<RemoteDevice>(std::move(*heads), std::move(known), options);
  return true;
}

RowStore& SlotReads::State::store_of(cluster::Slot slot, Tables& tables) {
  std::unique_ptr<Tables::Table>& table = tables.of[slot];
  if (!table) {
    table = std::make_unique<Tables::Table>(pool_of(slot_settings(options.database, slot)));
    ++connections;
  }
  table->used = Steady::now();
  return *table->store;
}

void SlotReads::State::close_idle(Tables& tables) {
  const Steady::time_point before = Steady::now() - options.idle;
  connections -=
      std::erase_if(tables.of, [&](const auto& each) { return each.second->used < before; });
}

// On a thread of this object.
Progress SlotReads::State::work(const TravelPtr& travel, Tables& tables) {
  Travel& self = *travel;
  if (self.failure || !self.destination) return step_nowhere(self);
  if (self.is_elsewhere()) self.leave();
  bool is_new = false;
  if (!self.remote) {
    if (!self.asked && enter_local(travel)) return Progress::kDone;
    if (!has_heads(self)) return Progress::kMore;
    if (self.failure) return step_nowhere(self);
    is_new = true;
  }
  const cluster::Slot slot = self.destination->slot;
  Reader reader(self.remote->shared,
                std::make_unique<SlotStoreReader>(
                    store_of(slot, tables),
                    SlotStoreReader::Options{.cluster_schema = options.database.schema(),
                                             .slot = slot,
                                             .names = self.remote->names}));
  // The names of fields are known before any is looked for.
  if (is_new) {
    if (const auto moment = reader.store().snapshot(); !moment) self.failure = moment.error();
  }
  return self.failure ? step_nowhere(self) : self.step(reader);
}

void SlotReads::State::run() {
  Tables tables;
  while (queue.wait_and_run(tables, options.idle)) close_idle(tables);
  connections -= tables.of.size();
}

SlotReads::SlotReads(Options options) : state_(std::make_shared<State>(std::move(options))) {
  for (std::size_t i = 0; i < kThreads; ++i) {
    state_->threads.emplace_back([state = state_.get()] { state->run(); });
  }
}

SlotReads::~SlotReads() { stop(); }

bool SlotReads::read(Query query) {
  auto travel = std::make_shared<Travel>(std::move(query), state_->options);
  return state_->queue.add(state_->entry(std::move(travel)));
}

void SlotReads::add(cluster::Slot slot, Archive& archive) {
  auto local = std::make_shared<Local>();
  local->archive = &archive;
  const std::lock_guard lock(state_->mutex);
  local->origin = --state_->last_origin;
  state_->locals.insert_or_assign(slot, std::move(local));
}

void SlotReads::remove(cluster::Slot slot) {
  std::unique_lock lock(state_->mutex);
  const auto found = state_->locals.find(slot);
  if (found == state_->locals.end()) return;
  const std::shared_ptr<Local> local = found->second;
  state_->locals.erase(found);
  local->is_removed = true;
  state_->step_ended.wait(lock, [&] { return local->running == 0; });
}

std::size_t SlotReads::connections() const { return state_->connections; }

void SlotReads::stop() {
  state_->is_stopped = true;
  state_->queue.close();
  for (std::jthread& thread : state_->threads) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace gridloom::history
