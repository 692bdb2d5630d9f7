// The socket of a listener.
#pragma once

#include "base/file_descriptor.h"
#include "base/result.h"
#include "net/address.h"

namespace gridloom::net {

// A socket that listens on the address, and accepts nothing by itself. kConflict: the port is in
// use, and the detail names it; kIo.
[[nodiscard]] Result<FileDescriptor> listen_on(const Address& address);

}  // namespace gridloom::net
