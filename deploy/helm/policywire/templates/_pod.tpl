{{/* Parts of a pod, the same for the workers and for the job that creates topics. */}}

{{- define "policywire.podSecurity" -}}
# The image's own user.
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "policywire.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "policywire.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "policywire.derivedEnvironment" -}}
{{- range $name, $value := include "policywire.derived" . | fromYaml }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{/* Sources of the volume of certificates and keys; empty when there is none. */}}
{{- define "policywire.tlsSources" -}}
{{- with .Values.kafka.tls }}
{{- if .enabled }}
{{- if or .ca.secret .ca.configMap }}
- {{ empty .ca.secret | ternary "configMap" "secret" }}:
    name: {{ .ca.secret | default .ca.configMap }}
    items:
      - key: {{ .ca.key }}
        path: ca.crt
{{- end }}
{{- with .clientCertificate }}
{{- if .secret }}
- secret:
    name: {{ .secret }}
    items:
      - key: {{ .certificateKey }}
        path: client.crt
      - key: {{ .keyKey }}
        path: client.key
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if eq .Values.kafka.sasl.mechanism "OAUTHBEARER" }}
{{- with .Values.kafka.sasl.oauth }}
{{- if and .tokenEndpoint (or .ca.secret .ca.configMap) }}
- {{ empty .ca.secret | ternary "configMap" "secret" }}:
    name: {{ .ca.secret | default .ca.configMap }}
    items:
      - key: {{ .ca.key }}
        path: token-endpoint-ca.crt
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Whose token the pod logs in with; empty when there is none. */}}
{{- define "policywire.tokenAudience" -}}
{{- eq .Values.kafka.sasl.mechanism "OAUTHBEARER" | ternary .Values.kafka.sasl.oauth.serviceAccountToken.audience "" -}}
{{- end -}}

{{- define "policywire.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- if include "policywire.secrets" . }}
- name: secrets
  mountPath: /etc/policywire/secrets
  readOnly: true
{{- end }}
{{- if include "policywire.tlsSources" . }}
- name: tls
  mountPath: /etc/policywire/tls
  readOnly: true
{{- end }}
{{- if include "policywire.tokenAudience" . }}
- name: token
  mountPath: /etc/policywire/token
  readOnly: true
{{- end }}
{{- if eq .Values.rules.source "configMap" }}
- name: rules
  mountPath: /etc/policywire/rules
  readOnly: true
{{- end }}
{{- end -}}

{{/* Files of Secrets are readable for the pod's group alone. */}}
{{- define "policywire.volumes" -}}
# The root is read-only. policywire writes no file; what it runs on may.
- name: tmp
  emptyDir:
    sizeLimit: 16Mi
{{- with include "policywire.secrets" . | fromYaml }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range $variable, $from := . }}
      - secret:
          name: {{ $from.secret }}
          items:
            - key: {{ $from.key }}
              path: {{ $variable }}
      {{- end }}
{{- end }}
{{- with include "policywire.tlsSources" . }}
- name: tls
  projected:
    defaultMode: 0440
    sources: {{- . | trim | nindent 6 }}
{{- end }}
{{- with include "policywire.tokenAudience" . }}
# The only token in the pod: for the brokers' audience, of no use to the Kubernetes API.
- name: token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          audience: {{ . | quote }}
          expirationSeconds: {{ $.Values.kafka.sasl.oauth.serviceAccountToken.expirationSeconds }}
          path: token
{{- end }}
{{- if eq .Values.rules.source "configMap" }}
- name: rules
  configMap:
    name: {{ .Values.rules.configMap }}
{{- end }}
{{- end -}}
