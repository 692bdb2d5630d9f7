// How a query finds the archives of its devices, where the archives are several: those of the slots
// of a cluster (slot_history/slot_reads.h). It visits them one after the other; each of its steps
// gets a Reader of one of them.
//
// Thread rule: one thread at a time, that of the query's step.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/ids.h"
#include "base/result.h"

namespace gridloom::history {

class Route {
 public:
  Route() = default;
  Route(const Route&) = delete;
  Route& operator=(const Route&) = delete;
  virtual ~Route() = default;

  // Whether the step's reader has the device. False: the query's next step gets the one that has
  // it. kIo: it cannot be read now; the same query succeeds later.
  [[nodiscard]] virtual Result<bool> reach(DeviceNumber device) = 0;
  // The archives, for what has no device: each has an index below this number.
  [[nodiscard]] virtual std::size_t archives() const = 0;
  // As reach(), for the archive of an index.
  [[nodiscard]] virtual Result<bool> reach_archive(std::size_t index) = 0;
  // The step's reader does not have what was asked for last.
  [[nodiscard]] virtual bool is_elsewhere() const = 0;
  // Identifies what the step's reader reads: another owner of a slot has another history, in which
  // what was read of the former one has no meaning.
  [[nodiscard]] virtual std::int64_t origin() const = 0;
};

}  // namespace gridloom::history
