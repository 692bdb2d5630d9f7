// All that stands between a request and what answers it: who asks, whether it may be answered now,
// and which injected faults it meets. There is one per loop.
#pragma once

#include "api/gate/admission.h"
#include "api/gate/callers.h"
#include "api/gate/platform_faults.h"
#include "api/gate/signatures.h"

namespace gridloom::api {

struct Gate {
  Signatures signatures;
  Callers callers;
  Admission admission;
  PlatformFaults faults;
};

}  // namespace gridloom::api
