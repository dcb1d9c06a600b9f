// Asio's own code, compiled once; the other files see its declarations.
#include <boost/asio/impl/src.hpp>
