// A node's own copy of a slot's log, on its disk: what the slot's stream has that is not stored
// yet, and what this node appends to it as the slot's owner. It survives a loss of power of all
// machines at once, which the stream may not.
//
// The copy follows one line of owners. Each opening of the slot's log compares it with the stream:
// where another owner has appended meanwhile, what the copy has behind the place at which that one
// began is left out for ever (begin()), and what the stream has and the copy has not is added.
// docs/internals/cluster.md says why this is right ("A copy on the node's disk"), formats.md shows
// the bytes.
//
// Thread rule: one thread at a time; failing() and bytes() from any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "jetstream/copy_places.h"
#include "jetstream/message.h"
#include "journal/journal.h"
#include "journal/local/disk.h"
#include "journal/local/log.h"
#include "journal/loss_note.h"

namespace gridloom::journal {

// The form of a record of a node's own copy of a slot's log (slot_copy.h): a message as the slot's
// stream has it (message.h), with all parts of its write in one, and what the node knew when it
// wrote the record.
//
// docs/internals/formats.md shows the bytes. The reader works on untrusted bytes.
inline constexpr std::uint8_t kCopyEntryVersion = 1;
// Its kind in the log that a copy is: no journal has such records.
inline constexpr RecordKind kCopyEntry{5};

struct CopyEntry {
  std::string_view cluster{};      // its id
  std::uint64_t stored = 0;        // the stores had all records up to this one, and for a while
  std::uint64_t acknowledged = 0;  // all records up to this one were durable
  std::string_view message{};
  friend bool operator==(const CopyEntry&, const CopyEntry&) = default;
};

[[nodiscard]] std::string make_copy_entry(const CopyEntry& entry);
// Views point into `bytes`. kDamaged: it is no such record. kMalformed: it is one of a later
// version.
[[nodiscard]] Result<CopyEntry> read_copy_entry(std::string_view bytes);

struct SlotCopyOptions {
  std::filesystem::path folder{};  // which it has for itself
  std::string cluster{};           // the cluster's id
  const Clock* clock = nullptr;    // outlives the copy; none: the system's
  LogLimits limits{.commit = Millis{0}, .retry = Millis{100}};
  // The disk of a folder.
  std::function<Result<std::unique_ptr<Disk>>(const std::filesystem::path&)> disk = open_folder;
};

class SlotCopy {
 public:
  struct Opening {
    std::uint64_t revision = 0;  // of the node's claim
    std::uint64_t stored = 0;    // the stores have all records up to this one
  };
  // Sets a copy aside, with a note, that is of another cluster, or that knows of more than the
  // database does. kIo: the folder cannot be read or written. kMalformed: it is of a later version.
  [[nodiscard]] static Result<std::unique_ptr<SlotCopy>> open(SlotCopyOptions options,
                                                              const Opening& opening);
  SlotCopy(const SlotCopy&) = delete;
  SlotCopy& operator=(const SlotCopy&) = delete;
  // Writes what waits, and up to which record all is durable, as far as the disk allows.
  ~SlotCopy();

  // Whether each revision between its own and that of this opening was one of this node, so that
  // nobody else can have appended. If not, records of which it does not know that they were
  // acknowledged do not count.
  [[nodiscard]] bool is_sure() const { return is_sure_; }

  // The highest revision under which anything in it was written; 0: nothing is in it.
  [[nodiscard]] std::uint64_t revision() const { return known_.revision; }
  // The number of the last record that it has; 0: none.
  [[nodiscard]] std::uint64_t last() const { return places_.last(); }
  [[nodiscard]] bool has_all(std::uint64_t first, std::uint64_t last) const {
    return places_.has_all(first, last);
  }
  // Hands over those of the records that it has, in order. Entries that are appended later are left
  // out.
  using OnRecords = std::function<Status(std::span<const Record>)>;
  [[nodiscard]] Status read(std::uint64_t first, std::uint64_t last, const OnRecords& on_records);

  // An owner's opening begins: records behind `keep` are left out, durably.
  [[nodiscard]] Status begin(const MessageHead& fence, std::uint64_t keep);
  // Adds a whole write. `durable` is called on a thread of its own, and must not block.
  void append(const MessageHead& head, std::string_view body, Task durable);
  // All records up to this one are durable.
  void acknowledged(std::uint64_t record) { known_.acknowledged = record; }
  [[nodiscard]] Status flush();
  // Whether so much waits for the disk that whoever appends should flush.
  [[nodiscard]] bool behind() const { return log_->behind(); }
  void trim(std::uint64_t stored);

  // Why nothing becomes durable at present, in words; empty: it does.
  [[nodiscard]] std::string failing() const;
  [[nodiscard]] std::uint64_t bytes() const { return log_->bytes(); }
  // The losses that were found at the opening.
  [[nodiscard]] const std::vector<LossNote>& notes() const { return notes_; }

 private:
  // The facts that the entries tell.
  struct Known {
    std::uint64_t revision = 0;
    std::uint64_t claimed = 0;  // this node had all revisions behind that one up to this one
    std::uint64_t stored = 0;
    std::uint64_t acknowledged = 0;
    std::string other_cluster{};       // of an entry, if it is not this one
    std::optional<Error> malformed{};  // an entry is of a later version
  };

  explicit SlotCopy(SlotCopyOptions options) : options_(std::move(options)) {}
  [[nodiscard]] Status open_log();
  void scan(const Record& entry);
  [[nodiscard]] std::optional<std::string> why_set_aside(const Opening& opening) const;
  [[nodiscard]] Status set_aside(const std::string& why);
  void claim(std::uint64_t revision);
  [[nodiscard]] Status note_overtaken(std::uint64_t keep);
  void drop_behind(std::uint64_t keep);
  void note(std::uint64_t revision);

  const SlotCopyOptions options_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Disk> reading_disk_;
  CopyPlaces places_;  // of the records that count
  Known known_;
  std::uint64_t noted_ = 0;  // as acknowledged, in the files
  bool is_sure_ = true;
  bool drops_ = false;  // the files do not say yet that some of them do not count
  std::vector<LossNote> notes_;
  std::unique_ptr<Log> log_;  // destroyed first: its thread calls what was appended
};

}  // namespace gridloom::journal
