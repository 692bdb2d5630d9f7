// Prints web/api/types.ts: what the page knows of the API, from the bodies that
// src/home/own_api/bodies describes.
#include <cstdio>
#include <string>

#include "own_api/v1/descriptions.h"

int main() {
  const std::string text = gridloom::api::page_types();
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
