// The household of a site: all of the site's devices make the same people of it.
#pragma once

#include "base/chance.h"

namespace gridloom::sim::household {

struct Shared {
  Chance chance;
  int people = 0;  // 0: as many as the chance draws
};

}  // namespace gridloom::sim::household
