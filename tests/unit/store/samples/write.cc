// store_samples WHERE KEYFILE: a store with something of each kind in it, for tests of the program
// (tests/interop/store).
#include <iostream>

#include "base/error.h"
#include "sample.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: store_samples WHERE KEYFILE\n";
    return 2;
  }
  try {
    cw::store::StoreOptions options;
    options.where = argv[1];
    options.key = argv[2];
    cw::store::fill(*cw::store::Store::open(options));
  } catch (const cw::Error& error) {
    std::cerr << "store_samples: " << error.message() << '\n';
    return 1;
  }
  return 0;
}
