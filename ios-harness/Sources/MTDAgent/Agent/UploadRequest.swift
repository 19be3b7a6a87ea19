import Foundation
import MTDAgentCore

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

extension Upload {
    /// The request for a background `URLSession`, which takes the body from a file; `nil` where the connector's address is
    /// none.
    public var request: URLRequest? {
        guard let url = URL(string: url), url.scheme == "https" else { return nil }
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        return request
    }
}

extension UploadAnswer {
    /// Most bytes of an answer that are looked at: a receipt and an error have a few hundred.
    private static let mostBytes = 64 * 1024

    /// What a task of a `URLSession` ended with.
    public init(response: URLResponse?, body: Data, error: (any Error)?) {
        if let error {
            let error = error as NSError
            self = .failed(why: "\(error.domain) \(error.code)")
            return
        }
        guard let http = response as? HTTPURLResponse, let status = UInt16(exactly: http.statusCode) else {
            self = .failed(why: "no answer over HTTP")
            return
        }
        var headers: [String: String] = [:]
        for case (let name as String, let value as String) in http.allHeaderFields { headers[name] = value }
        self = .http(status: status, headers: headers, body: Data(body.prefix(Self.mostBytes)))
    }
}
