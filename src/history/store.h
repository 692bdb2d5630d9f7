// Where blocks, energies, twins and the audit are kept for good: tables of one SQLite database
// (DATA/history.db; docs/internals/formats.md shows them). Each row has a checksum that is verified
// when it is read (history/row_checksum.h): a damaged row is told to DamagedRows, and left out
// unless a function says otherwise. It stays in the file.
//
// One Store is one connection: one thread at a time. The server has one that writes and one for
// each thread that reads; readers see what was committed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/batch.h"
#include "history/block.h"
#include "history/damaged_rows.h"
#include "history/hours.h"
#include "registry/sqlite.h"

namespace gridloom::history {

struct DeviceHour {
  DeviceNumber device = 0;
  std::int64_t hour = 0;
  friend auto operator<=>(const DeviceHour&, const DeviceHour&) = default;
};

// A twin as the hub saves it.
struct StoredTwin {
  DeviceNumber device = 0;
  std::string sn;
  std::string text;
};

struct AuditRow {
  std::uint64_t sequence = 0;
  std::string entry;     // a JSON object: at, what, who, sn, ...
  bool damaged = false;  // `entry` is what is left of it
};

// What is committed together.
struct Changes {
  struct Hour {
    DeviceHour of;
    std::vector<std::string> parts;  // history/part.h
    bool over = false;               // they take the place of all that is there of the hour
  };
  struct Energies {
    DeviceHour of;
    std::string bytes;
  };
  std::vector<std::pair<FieldId, std::string>> names;
  std::vector<Hour> hours;
  std::vector<Energies> energies;
  std::vector<StoredTwin> twins;
  std::vector<AuditRow> audit;
  std::optional<std::uint64_t> applied;  // records of the log up to here are in this database
};

class Store {
 public:
  // Makes the file if there is none, upgrades one of an earlier version. kMalformed: damaged, or of
  // a later version. Several stores may tell one DamagedRows.
  [[nodiscard]] static Result<Store> open(
      const std::filesystem::path& data,
      std::shared_ptr<DamagedRows> damaged = std::make_shared<DamagedRows>());

  // Nothing of it, if it fails.
  [[nodiscard]] Status write(const Changes& changes);

  // Where its row is damaged, a lower number that is safe: the log is read again from there, and
  // the row is written anew.
  [[nodiscard]] Result<std::uint64_t> applied();
  // By FieldId. A damaged name is replaced by `damaged.field.N`, which no device reports: what is
  // stored of the field stays under that.
  [[nodiscard]] Result<std::vector<std::string>> names();
  [[nodiscard]] Result<std::vector<StoredTwin>> twins();
  // Hours that are not marked as over.
  [[nodiscard]] Result<std::vector<DeviceHour>> open_hours();

  // The parts of the hours [from, to) of a device, in their order; views live as long as the call.
  using OnBytes = std::function<Status(std::int64_t hour, std::string_view bytes)>;
  [[nodiscard]] Status each_part(DeviceNumber device, std::int64_t from, std::int64_t to,
                                 const OnBytes& on_part);
  // Likewise from `place` on, until `on_part` returns false. True: that was all. A reader that goes
  // on behind a part says which one it was: if the hour was stored anew meanwhile, it is read from
  // its first part again, so that nothing is missed.
  struct Place {
    std::int64_t hour = 0;
    std::int64_t part = 0;    // the next
    std::int64_t before = 0;  // the mark of the part before it

    // The place behind a part that on_part() was called with.
    [[nodiscard]] Place behind() const {
      return {.hour = hour, .part = part + 1, .before = before};
    }
  };
  using OnPart = std::function<Result<bool>(const Place& at, std::string_view bytes)>;
  [[nodiscard]] Result<bool> parts_from(DeviceNumber device, const Place& place, std::int64_t to,
                                        const OnPart& on_part);
  // `on_damaged`, if given, is told of hours whose energies are left out.
  using OnHour = std::function<void(std::int64_t hour)>;
  [[nodiscard]] Status each_energy(DeviceNumber device, std::int64_t from, std::int64_t to,
                                   const OnBytes& on_energy, const OnHour& on_damaged = {});
  // Of hours whose block was too old to be kept (history/quarters.h).
  [[nodiscard]] Status each_quarters(DeviceNumber device, std::int64_t from, std::int64_t to,
                                     const OnBytes& on_quarters);
  // The last hour before `hour` that has blocks, and the first from it on that has blocks or
  // energies.
  [[nodiscard]] Result<std::optional<std::int64_t>> hour_before(DeviceNumber device,
                                                                std::int64_t hour);
  [[nodiscard]] Result<std::optional<std::int64_t>> hour_from(DeviceNumber device,
                                                              std::int64_t hour);
  // Hours of [from, to) whose blocks say more than their energies, or that have none.
  [[nodiscard]] Result<std::vector<std::int64_t>> unaccounted(DeviceNumber device,
                                                              std::int64_t from, std::int64_t to);
  // The newest first, damaged ones too; false ends it.
  using OnAudit = std::function<bool(const AuditRow&)>;
  [[nodiscard]] Status each_audit(const OnAudit& on_entry);

 private:
  [[nodiscard]] Result<std::int64_t> unchanged_part(DeviceNumber device, const Place& place);
  struct HourRow;
  [[nodiscard]] Status each_hour(const HourRow& rows, const DeviceHour& from, std::int64_t to,
                                 const OnBytes& on_bytes, const OnHour& on_damaged);
  [[nodiscard]] Status put_hours(const std::vector<Changes::Hour>& hours);
  [[nodiscard]] Status remove_parts(const DeviceHour& of);
  [[nodiscard]] Result<std::optional<std::int64_t>> first_hour(std::string_view sql,
                                                               DeviceNumber device,
                                                               std::int64_t hour);

  Store(registry::Database database, std::shared_ptr<DamagedRows> damaged)
      : database_(std::move(database)), damaged_(std::move(damaged)) {}

  registry::Database database_;
  std::shared_ptr<DamagedRows> damaged_;
};

}  // namespace gridloom::history
