#include "registry/committer.h"

#include <optional>
#include <utility>

#include "registry/revision.h"

namespace gridloom::registry {

Committer::Committer(std::unique_ptr<Store> store, std::filesystem::path data_folder)
    : store_(std::move(store)), data_folder_(std::move(data_folder)) {}

Status Committer::load() {
  GL_TRY(check_seen_readable(data_folder_));
  const std::lock_guard lock(writing_);
  GL_TRY(const auto transaction, store_->begin());
  if (const Result<bool> done = catch_up(*transaction); !done) {
    return std::unexpected(done.error());
  }
  const std::optional<Revision> seen = last_seen(data_folder_);
  const Result<Revision> revision = notice_setback(*transaction);
  if (!revision) return std::unexpected(revision.error());
  id_ = revision->registry;
  // Written only if it changed: on a full disk, writing would lose the existing file.
  if (setback().empty() && seen != revision.value()) remember(data_folder_, *revision);
  return transaction->commit();
}

Result<Revision> Committer::notice_setback(Transaction& transaction) {
  const std::optional<Revision> seen = last_seen(data_folder_);
  Result<Revision> revision = store_->revision();
  if (!revision || !seen || !setback().empty()) return revision;
  std::string setback = setback_between(*seen, *revision);
  if (setback.empty()) return revision;
  {
    const std::lock_guard lock(viewing_);
    setback_ = std::move(setback);
  }
  // The registry continues under a new id, so that its new revisions cannot be taken for the
  // missing ones.
  return seen->registry == revision->registry ? transaction.restart_revisions() : revision;
}

std::string Committer::setback() const {
  const std::lock_guard lock(viewing_);
  return setback_;
}

void Committer::accept_setback() {
  const std::lock_guard writing(writing_);
  if (const Result<Revision> revision = store_->revision()) remember(data_folder_, *revision);
  const std::lock_guard lock(viewing_);
  setback_.clear();
}

std::shared_ptr<const Directory> Committer::directory() const {
  const std::lock_guard lock(viewing_);
  return view_;
}

void Committer::on_change(std::function<void()> listener) {
  const std::lock_guard lock(viewing_);
  listeners_.push_back(std::move(listener));
}

void Committer::end_listening() {
  const std::lock_guard lock(viewing_);
  listeners_.clear();
}

void Committer::publish(std::shared_ptr<const Directory> next) {
  // `next` now holds the old directory. If this is its last reference, destroying it may take long
  // and happens outside the lock.
  const std::lock_guard lock(viewing_);
  view_.swap(next);
}

Result<std::vector<std::int64_t>> Committer::removed_devices() {
  const std::lock_guard lock(writing_);
  return store_->removed_devices();
}

Result<std::int64_t> Committer::highest_device_number() {
  const std::lock_guard lock(writing_);
  return store_->highest_device_number();
}

Status Committer::apply(const Change& change) {
  const std::shared_ptr<const Directory> before = directory();
  Status done = commit(change);
  notify_unless(before);
  return done;
}

Status Committer::refresh() {
  const std::shared_ptr<const Directory> before = directory();
  Status done;
  {
    const std::lock_guard lock(writing_);
    done = load_changes();
  }
  notify_unless(before);
  return done;
}

Status Committer::load_changes() {
  GL_TRY(const auto transaction, store_->begin());
  GL_TRY(const bool changed, catch_up(*transaction));
  if (!changed) return {};
  GL_TRY(const Revision revision, notice_setback(*transaction));
  GL_TRY(transaction->commit());
  if (setback().empty()) remember(data_folder_, revision);
  return {};
}

void Committer::notify_unless(const std::shared_ptr<const Directory>& before) {
  std::vector<std::function<void()>> listeners;
  {
    const std::lock_guard lock(viewing_);
    if (view_ != before) listeners = listeners_;
  }
  for (const auto& listener : listeners) listener();
}

Status Committer::commit(const Change& change) {
  const std::lock_guard lock(writing_);
  GL_TRY(const auto transaction, store_->begin());
  GL_TRY(const bool changed, catch_up(*transaction));
  if (changed) {
    if (const Result<Revision> noticed = notice_setback(*transaction); !noticed) {
      return std::unexpected(noticed.error());
    }
  }
  const std::shared_ptr<const Directory> present = directory();
  DirectoryDraft draft(*present);
  Edit edit{.present = *present, .next = draft, .stored = *transaction};
  GL_TRY(change(edit));
  GL_TRY(const Revision revision, transaction->count_revision());
  GL_TRY(transaction->commit());
  // Only after the commit: a crash in between must not look like a lost change.
  if (setback().empty()) remember(data_folder_, revision);
  publish(std::move(draft).finish());
  return {};
}

Result<bool> Committer::catch_up(Transaction& transaction) {
  const Result<bool> changed = transaction.changed_elsewhere();
  if (!changed || !*changed) return changed;
  DirectoryDraft next(*directory());
  const Result<bool> is_next = transaction.load_changes(next);
  if (!is_next) return is_next;
  if (*is_next) {
    publish(std::move(next).finish());
    return true;
  }
  DirectoryDraft draft{Directory()};
  draft.replaces(*directory());
  GL_TRY(transaction.load(draft));
  publish(std::move(draft).finish());
  return true;
}

}  // namespace gridloom::registry
