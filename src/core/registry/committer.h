// Commits the registry's changes one after the other: each to the store, and then as the directory
// that everybody reads. Keeps track of the store's revisions, so that a registry that was set back
// is noticed (registry/revision.h).
//
// Knows no rules: a change checks itself. Thread rule: any function from any thread. Changes block
// on disk I/O; directory() never waits for one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "registry/directory.h"
#include "registry/directory_draft.h"
#include "registry/store.h"

namespace gridloom::registry {

class Committer final : public DirectorySource {
 public:
  // `data_folder` has the file of the last revision seen.
  Committer(std::unique_ptr<Store> store, std::filesystem::path data_folder);

  // Loads the directory, and compares the store's revision with the last one seen. To be called
  // once, before any other function.
  [[nodiscard]] Status load();

  [[nodiscard]] std::shared_ptr<const Directory> directory() const override;
  // `listener` is also called after a change that was refused, or refresh(), if that has loaded
  // what another connection changed.
  void on_change(std::function<void()> listener) override;
  void end_listening();  // no listener is called any more

  // A change in progress: it is checked against `present`, then written to `stored` and `next`.
  struct Edit {
    const Directory& present;
    DirectoryDraft& next;
    Transaction& stored;
  };
  using Change = std::function<Status(Edit& edit)>;
  // Makes and commits the change. If it fails, store and directory stay as they were. The change
  // starts from what other connections have committed.
  [[nodiscard]] Status apply(const Change& change);

  // Loads what other connections have committed, and tells the listeners if that is anything.
  [[nodiscard]] Status refresh();

  // See Store; they wait for a change that is being made.
  [[nodiscard]] Result<std::vector<std::int64_t>> removed_devices();
  [[nodiscard]] Result<std::int64_t> highest_device_number();

  // The store's id; see Registry::instance().
  [[nodiscard]] const std::string& id() const { return id_; }
  // See Registry::setback().
  [[nodiscard]] std::string setback() const;
  void accept_setback();

 private:
  [[nodiscard]] Status commit(const Change& change);
  // With the store's lock held: loads what other connections have committed. False: nothing.
  [[nodiscard]] Result<bool> catch_up(Transaction& transaction);
  // Compares the store's revision with the last one seen. Returns it, under a new id if the store
  // lost changes.
  [[nodiscard]] Result<Revision> notice_setback(Transaction& transaction);
  [[nodiscard]] Status load_changes();
  void publish(std::shared_ptr<const Directory> next);
  // Calls the listeners if the directory is not `before` any more.
  void notify_unless(const std::shared_ptr<const Directory>& before);

  std::mutex writing_;  // guards the store
  const std::unique_ptr<Store> store_;
  const std::filesystem::path data_folder_;
  std::string id_;  // set by load()

  mutable std::mutex viewing_;  // guards the members below; held only while they are copied
  std::shared_ptr<const Directory> view_ = std::make_shared<const Directory>();
  std::vector<std::function<void()>> listeners_;
  std::string setback_;
};

}  // namespace gridloom::registry
