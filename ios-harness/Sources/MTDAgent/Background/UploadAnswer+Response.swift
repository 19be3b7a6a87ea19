import Foundation
import MTDAgentCore

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

extension UploadAnswer {
    /// What a transfer brought: the answer, or the platform's words. The URL that an error quotes is left out.
    init(response: URLResponse?, body: Data, error: (any Error)?) {
        if let error {
            let error = error as NSError
            self = .failed(why: "\(error.domain) \(error.code)")
        } else if let response = response as? HTTPURLResponse, let status = UInt16(exactly: response.statusCode) {
            let headers = response.allHeaderFields.compactMap { name, value in
                (name as? String).flatMap { name in (value as? String).map { (name, $0) } }
            }
            self = .http(status: status, headers: Dictionary(headers) { first, _ in first }, body: body)
        } else {
            self = .failed(why: "no HTTP answer")
        }
    }
}
