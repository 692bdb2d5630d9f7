// The state that the owner of a slot has in memory of a device, as bytes for another node that
// reads the device's history: its hours as chunks (history/blocks/chunk.h), the names of their
// fields, its events, and under which revision the owner has the slot. So the other node has, with
// what is stored, all of the device's history.
//
// The bytes: a version, the revision, and four lists, each preceded by its length: names (number,
// text); hours (hour, first record, list of chunks); events (id, event); audit (sequence, entry).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/loop.h"
#include "base/result.h"
#include "history/archive.h"
#include "history/blocks/block.h"
#include "history/hours_in_memory.h"
#include "history/readable_records.h"
#include "history/store/store.h"
#include "ownership/node_id.h"

namespace gridloom::history {

// Asks the owner of a slot for what it has in memory (slot_history/head_bytes.h), wherever it is.
//
// Thread rule: any function from any thread.
class RemoteHeads {
 public:
  RemoteHeads() = default;
  RemoteHeads(const RemoteHeads&) = delete;
  RemoteHeads& operator=(const RemoteHeads&) = delete;
  virtual ~RemoteHeads() = default;

  // The bytes of head_bytes_of() at the slot's owner. `done` is called on any thread, at once or
  // later, or never. Any error: the owner does not answer now. Does not block.
  virtual void heads(cluster::Slot slot, DeviceNumber device,
                     Callback<Result<std::string>> done) = 0;
};

// Stands for what a slot has that is of no one device: its audit, and the events of all.
inline constexpr DeviceNumber kNoDevice = 0;

// Everything that is durable in the archive when this is called. `revision`: of the claim under
// which this node has the archive's slot. `done` is called on a thread of the archive, or at once
// with kIo if the archive has too much to do; never if the archive stops meanwhile. Any thread;
// does not block.
void head_bytes_of(Archive& archive, cluster::Revision revision, DeviceNumber device,
                   Callback<Result<std::string>> done);

// The bytes as another node reads them. Thread rule: any thread, it never changes.
class SentHeads final : public HoursInMemory {
 public:
  // kMalformed: they are not the bytes of head_bytes_of(), or of a later version.
  [[nodiscard]] static Result<std::shared_ptr<const SentHeads>> read(std::string_view bytes);

  [[nodiscard]] cluster::Revision revision() const { return revision_; }
  // Fields by the numbers that the owner has for them: those of the hours.
  [[nodiscard]] const std::vector<std::pair<FieldId, std::string>>& names() const { return names_; }
  [[nodiscard]] const ReadableRecords& records() const { return *records_; }

  [[nodiscard]] Copy copy(const DeviceHour& of) const override;
  [[nodiscard]] std::string chunk_of(const std::string& buffer) const override { return buffer; }
  [[nodiscard]] std::vector<std::int64_t> hours(DeviceNumber device, std::int64_t from,
                                                std::int64_t to) const override;

 private:
  cluster::Revision revision_ = 0;
  std::vector<std::pair<FieldId, std::string>> names_;
  std::map<std::int64_t, Copy> hours_;  // of one device
  std::unique_ptr<const ReadableRecords> records_;
};

}  // namespace gridloom::history
