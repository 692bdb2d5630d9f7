// Prints the devices of an account, and how many values each has.
// home HOST ACCESS_KEY [CA] reads the secret key from standard input.
#include <iostream>
#include <string>

#include "client/api_client.h"

int main(int argc, char** argv) {
  std::string secret;
  if (argc < 3 || !std::getline(std::cin, secret)) {
    std::cerr << "usage: home HOST ACCESS_KEY [CA] < SECRET\n";
    return 2;
  }
  auto api = gridloom::client::ApiClient::open({.server = argv[1],
                                                .access_key = argv[2],
                                                .secret_key = gridloom::Secret(secret),
                                                .ca = argc > 3 ? argv[3] : ""});
  const auto devices = api ? api->devices() : std::unexpected(api.error());
  if (!devices) {
    std::cerr << devices.error().detail << '\n';
    return 1;
  }
  for (const auto& device : *devices) {
    const auto values = api->quota_all(device.sn);
    std::cout << device.sn << "  " << device.name << "  " << (device.online ? "online" : "offline")
              << "  " << (values ? std::to_string(values->size()) : values.error().detail) << '\n';
  }
  return 0;
}
