// The C++ interface of Synap: header-only, over the C interface in synap.h.
//
//   auto store = synap::Store::open("./data");
//   auto session = synap::Session::open(store);
//   session.exec({"SET", "answer", 42});
//   auto text = session.exec({"GET", "answer"}).root().text();
#pragma once

#include <synap/error.hpp>    // IWYU pragma: export
#include <synap/events.hpp>   // IWYU pragma: export
#include <synap/reply.hpp>    // IWYU pragma: export
#include <synap/session.hpp>  // IWYU pragma: export
#include <synap/store.hpp>    // IWYU pragma: export
