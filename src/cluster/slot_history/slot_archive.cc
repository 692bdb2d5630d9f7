#include "slot_history/slot_archive.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "database/history/postgres_store_factory.h"
#include "database/history/schema.h"
#include "history/archive_journal.h"
#include "ownership/postgres/owner_fence.h"
#include "storage/files.h"

namespace gridloom::history {
namespace {

// Below the data folder of any node.
std::string copy_name(const journal::SlotCopyOptions& copy) {
  return (copy.folder.parent_path().filename() / copy.folder.filename()).string();
}

class SlotJournal final : public ArchiveJournal {
 public:
  SlotJournal(journal::SlotLog::Options options, const journal::StoredUpTo& stored)
      : stored_(stored),
        copy_(options.copy ? copy_name(*options.copy) : std::string()),
        log_(std::move(options)) {}

  [[nodiscard]] journal::Journal& journal() override { return log_; }
  [[nodiscard]] journal::JournalReader& reader() override { return log_; }
  [[nodiscard]] bool flush() override { return log_.flush(); }
  void abandon() override { log_.abandon(); }
  [[nodiscard]] std::vector<journal::LossNote> losses() const override;
  [[nodiscard]] Health health() const override {
    std::string failing = log_.failing();
    Health health{.bytes = log_.copy_bytes(), .waiting_bytes = log_.waiting_bytes()};
    if (!failing.empty()) health.log.failing = std::move(failing);
    return health;
  }

 private:
  [[nodiscard]] std::string elsewhere() const;

  const journal::StoredUpTo stored_;
  const std::string copy_;  // its folder's name in the data folder of a node; empty: there is none
  journal::SlotLog log_;
};

// Where else such records may be.
std::string SlotJournal::elsewhere() const {
  if (copy_.empty()) return {};
  return fmt::format(" (unless {} in the data folder of another node has them)", copy_);
}

std::vector<journal::LossNote> SlotJournal::losses() const {
  const journal::SlotLoss& loss = log_.loss();
  std::vector<journal::LossNote> notes;
  for (const journal::RecordGap& gap : loss.gaps) {
    if (gap.last <= stored_.history) continue;
    const std::uint64_t first = std::max(gap.first, stored_.history + 1);
    notes.push_back({.text = fmt::format("records {} to {} are neither in the slot's log nor in "
                                         "history{}",
                                         first, gap.last, elsewhere()),
                     .records = journal::RecordGap{.first = first, .last = gap.last}});
  }
  if (loss.ends_early) {
    notes.push_back({.text = fmt::format("the slot's log ended with record {}, before what history "
                                         "has: what was only in the log is lost{}",
                                         *loss.ends_early, elsewhere()),
                     .records = journal::RecordGap{.first = *loss.ends_early + 1,
                                                   .last = *loss.ends_early + 1}});
  }
  if (loss.damaged_messages != 0) {
    spdlog::error("{} messages in the slot's log are passed over", loss.damaged_messages);
    notes.push_back({.text = "the slot's log has messages that are not Gridloom's, or changed"});
  }
  notes.insert(notes.end(), loss.of_copy.begin(), loss.of_copy.end());
  return notes;
}

}  // namespace

// Tells once that the slot is lost, from whichever thread finds that out.
struct SlotArchive::State {
  void lost(const Error& why) {
    {
      const std::lock_guard lock(mutex);
      if (reason) return;
      reason = why;
      if (archive == nullptr) return;  // open() returns the reason, or nobody wants it any more
      archive->abandon();
    }
    spdlog::warn("this node has lost a slot and stores nothing of it any more: {}", why.detail);
    if (on_lost) on_lost(why);
  }

  std::mutex mutex;
  std::optional<Error> reason;
  Archive* archive = nullptr;  // while it is open
  std::function<void(const Error&)> on_lost;
};

SlotArchive::SlotArchive(std::shared_ptr<State> state, std::unique_ptr<Archive> archive)
    : state_(std::move(state)), archive_(std::move(archive)) {}

namespace {

using OnLost = std::function<void(const Error&)>;

std::uint32_t number_in_log(cluster::Slot slot) {
  return static_cast<std::uint32_t>(cluster::number_of(slot));
}

std::filesystem::path folder_of(const SlotArchive::Options& options) {
  return options.data / fmt::format("slot_{}", number_in_log(options.claim.slot));
}

std::shared_ptr<StoreFactory> stores_of(const SlotArchive::Options& options, const OnLost& lost) {
  const auto fence = std::make_shared<cluster::OwnerFence>(
      cluster::OwnerFence::Options{.fence = options.fence,
                                   .slot = options.claim.slot,
                                   .revision = options.claim.revision,
                                   .on_refused = lost});
  return postgres_store_factory(
      slot_settings(options.database, options.claim.slot),
      {.connection = options.connection, .clock = options.clock, .fence = fence});
}

Result<std::unique_ptr<ArchiveJournal>> journal_of(const SlotArchive::Options& options,
                                                   const OnLost& lost,
                                                   const journal::StoredUpTo& stored) {
  const SlotArchive::Claim& claim = options.claim;
  if (std::cmp_not_equal(stored.history, claim.position)) {
    return fail(ErrorCode::kDamaged,
                fmt::format("the history of slot {} has the records up to {}, and the cluster's "
                            "row says {}: restore both from one backup",
                            number_in_log(claim.slot), stored.history, claim.position));
  }
  std::optional<journal::SlotCopyOptions> copy;
  if (options.has_copy) {
    copy = {
        .folder = folder_of(options) / "copy", .cluster = options.cluster, .clock = options.clock};
  }
  return std::make_unique<SlotJournal>(
      journal::SlotLog::Options{.connection = options.nats,
                                .slot = number_in_log(claim.slot),
                                .revision = static_cast<std::uint64_t>(claim.revision),
                                .node = claim.node,
                                .known = std::max(stored.some_of_history, stored.sessions),
                                .replicas = options.replicas,
                                .max_bytes = options.log_bytes,
                                .limits = options.log,
                                .copy = std::move(copy),
                                .stop = options.stop,
                                .on_fenced = lost,
                                .on_later_owner = options.on_later_owner},
      stored);
}

}  // namespace

Result<std::unique_ptr<SlotArchive>> SlotArchive::open(Options options) {
  auto state = std::make_shared<State>();
  const auto lost = [state](const Error& why) { state->lost(why); };
  const std::filesystem::path data = folder_of(options);
  GL_TRY(storage::make_data_folder(data));
  GL_TRY(auto archive,
         Archive::open({.data = data,
                        .stores = stores_of(options, lost),
                        .journal =
                            [&](const journal::StoredUpTo& stored) {
                              return journal_of(options, lost, stored);
                            },
                        .clock = options.clock,
                        .limits = {.recorder = options.recorder, .reads = options.reads},
                        .integrate = std::move(options.integrate),
                        .on_session_changes = std::move(options.on_session_changes),
                        .sessions_applied = std::move(options.sessions_applied),
                        .on_superseded = lost,
                        .serial_of = std::move(options.serial_of)}));
  std::unique_ptr<SlotArchive> opened(new SlotArchive(state, std::move(archive)));
  const std::lock_guard lock(state->mutex);
  if (state->reason) return std::unexpected(*state->reason);
  state->on_lost = std::move(options.on_lost);
  state->archive = opened->archive_.get();
  return opened;
}

SlotArchive::~SlotArchive() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->archive = nullptr;
  }
  if (!is_closed_) archive_->abandon();
}

Archive& SlotArchive::archive() { return *archive_; }

void SlotArchive::close() {
  archive_->stop();
  is_closed_ = true;
}

void SlotArchive::abandon() { archive_->abandon(); }

}  // namespace gridloom::history
