// Asio's and the HTTP part of Beast's own code, compiled once; the other files see declarations.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
